# Azure: docs/azure.md says what each step does and what it needs. Included by the
# top-level Makefile.

AKS_TERRAFORM := terraform -chdir=k8s/terraform
AKS_OUTPUT = $(AKS_TERRAFORM) output -raw
AKS_OVERLAY := k8s/overlays/aks
AKS_IMAGE = $(shell python3 k8s/terraform/steps_image.py $(AKS_OVERLAY))
KFP_MANIFESTS := github.com/kubeflow/pipelines/manifests/kustomize
KFP_VERSION = $(shell cat k8s/kfp-version)

##@ Azure
aks-plan: ## Show what Terraform would make or change, and keep the plan
	$(AKS_TERRAFORM) init -backend-config=state.tfbackend
	$(AKS_TERRAFORM) plan -out=aks.tfplan

aks-up: ## Do what aks-plan showed; tell the overlay where things are; log kubectl in
	$(AKS_TERRAFORM) apply aks.tfplan
	$(AKS_TERRAFORM) output -json overlay > $(AKS_OVERLAY)/azure.json.part
	mv $(AKS_OVERLAY)/azure.json.part $(AKS_OVERLAY)/azure.json
	az aks get-credentials --overwrite-existing --resource-group "$$($(AKS_OUTPUT) resource_group)" --name "$$($(AKS_OUTPUT) cluster)"
	kubelogin convert-kubeconfig --login azurecli

# `az acr login` wants docker; its token does for any builder.
aks-images: ## Build and push the images, and write their digests to images.json
	registry="$$($(AKS_OUTPUT) registry)" && \
	az acr login --name "$$registry" --expose-token --query accessToken --output tsv | \
	  $(IMAGE_BUILDER) login --username 00000000-0000-0000-0000-000000000000 --password-stdin "$$registry.azurecr.io" && \
	$(MAKE) images-push IMAGE_REGISTRY="$$registry.azurecr.io/" && \
	k8s/terraform/digests.sh "$$registry" "$(IMAGE_VERSION)" > $(AKS_OVERLAY)/images.json.part
	mv $(AKS_OVERLAY)/images.json.part $(AKS_OVERLAY)/images.json

aks-kubeflow: ## Install Kubeflow Pipelines, the version in k8s/kfp-version
	kubectl apply -k "$(KFP_MANIFESTS)/cluster-scoped-resources?ref=$(KFP_VERSION)"
	kubectl wait --for=condition=established --timeout=60s crd/applications.app.k8s.io
	kubectl apply -k "$(KFP_MANIFESTS)/env/platform-agnostic?ref=$(KFP_VERSION)"
	kubectl --namespace kubeflow set env deployment/ml-pipeline DEFAULTPIPELINERUNNERSERVICEACCOUNT=fairsilo-runner
	kubectl --namespace kubeflow wait --for=condition=available --timeout=15m deployment --all

aks-deploy: ## Apply the overlay, and hand the database's passwords to the cluster
	$(MAKE) manifests
	kubectl --namespace kubeflow delete job silo-homes --ignore-not-found # a job can't be changed
	kubectl apply --server-side -k $(AKS_OVERLAY)
	$(MAKE) aks-secrets
	kubectl --namespace fairsilo rollout status statefulset/fairsilo-mysql --timeout=10m

aks-secrets: ## Make the passwords in the vault, once, and hand them to the cluster
	k8s/terraform/secrets.sh "$$($(AKS_OUTPUT) vault)"

aks-verify: ## Check on the cluster that a silo is kept apart (SILO=slug OTHER=slug)
	python3 k8s/terraform/verify/verify.py $(AKS_OVERLAY)/azure.json --image "$(AKS_IMAGE)" $(if $(SILO),--silo $(SILO)) $(if $(OTHER),--other $(OTHER))

aks-upload: ## Copy a folder to the shared volume (FROM=folder TO=path below its top)
	k8s/terraform/upload.sh "$(AKS_IMAGE)" "$(FROM)" "$(TO)"

aks-image: ## Print the steps' image, as `fairsilo kubeflow --image` takes it
	@python3 k8s/terraform/steps_image.py $(AKS_OVERLAY)

# In this order: what the dump speaks of is on the volume when the snapshot is taken.
aks-snapshot: ## Dump the database now, then take a snapshot of the shared volume
	job="dump-$$(date -u +%Y%m%d-%H%M%S)" && \
	kubectl --namespace fairsilo create job --from=cronjob/fairsilo-mysql-backup "$$job" && \
	kubectl --namespace fairsilo wait --for=condition=complete --timeout=1h "job/$$job"
	az storage share-rm snapshot --resource-group "$$($(AKS_OUTPUT) resource_group)" --storage-account "$$($(AKS_OUTPUT) root_account)" --name root

aks-down: ## Destroy everything in Azure, data included (CONFIRM=the resource group's name)
	@test -n "$(CONFIRM)" -a "$(CONFIRM)" = "$$($(AKS_OUTPUT) resource_group)" || { echo "error: found CONFIRM=$(CONFIRM), expected the name of the resource group: this destroys models, metadata and silos' containers"; exit 2; }
	$(AKS_TERRAFORM) destroy

.PHONY: aks-plan aks-up aks-images aks-kubeflow aks-deploy aks-secrets aks-verify aks-upload aks-image aks-snapshot aks-down
