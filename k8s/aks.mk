# Azure: docs/azure.md says what each step does and what it needs. Included by the
# top-level Makefile.

AKS_TERRAFORM := terraform -chdir=k8s/terraform
AKS_OUTPUT = $(AKS_TERRAFORM) output -raw
AKS_AZURE := k8s/azure.json
AKS_IMAGES := k8s/images.json
AKS_VALUES = -f $(CHART)/values-aks.yaml -f k8s/silos.yaml -f $(AKS_AZURE) -f $(AKS_IMAGES)
AKS_IMAGE = $(shell test -f $(AKS_IMAGES) && python3 -c 'import json; print(json.load(open("$(AKS_IMAGES)"))["images"]["pipeline"])')
AKS_HAS_IMAGE = test -n "$(AKS_IMAGE)" || { echo "error: found no $(AKS_IMAGES), expected the images' digests; run \`make aks-images\`" >&2; exit 1; }
KFP_MANIFESTS := github.com/kubeflow/pipelines/manifests/kustomize
KFP_VERSION = $(shell cat k8s/kfp-version)

##@ Azure
# The chart refuses lists of silos that Terraform would take.
aks-plan: helm ## Show what Terraform would make or change, and keep the plan
	$(HELM) lint --quiet $(CHART) -f $(CHART)/values-local.yaml -f k8s/silos.yaml
	$(AKS_TERRAFORM) init -backend-config=state.tfbackend
	$(AKS_TERRAFORM) plan -out=aks.tfplan

aks-up: ## Do what aks-plan showed; tell the chart where things are; log kubectl in
	$(AKS_TERRAFORM) apply aks.tfplan
	$(AKS_TERRAFORM) output -json values > $(AKS_AZURE).part
	mv $(AKS_AZURE).part $(AKS_AZURE)
	az aks get-credentials --overwrite-existing --resource-group "$$($(AKS_OUTPUT) resource_group)" --name "$$($(AKS_OUTPUT) cluster)"
	kubelogin convert-kubeconfig --login azurecli

# `az acr login` wants docker; its token does for any builder. `make -n` runs a line with
# $(MAKE) in it, and would start Terraform: so `make`.
aks-images: ## Build and push the images, and write their digests to images.json
	registry="$$($(AKS_OUTPUT) registry)" && \
	az acr login --name "$$registry" --expose-token --query accessToken --output tsv | \
	  $(IMAGE_BUILDER) login --username 00000000-0000-0000-0000-000000000000 --password-stdin "$$registry.azurecr.io" && \
	make images-push IMAGE_REGISTRY="$$registry.azurecr.io/" && \
	k8s/terraform/digests.sh "$$registry" "$(IMAGE_VERSION)" > $(AKS_IMAGES).part
	mv $(AKS_IMAGES).part $(AKS_IMAGES)

aks-kubeflow: ## Install Kubeflow Pipelines, the version in k8s/kfp-version
	kubectl apply -k "$(KFP_MANIFESTS)/cluster-scoped-resources?ref=$(KFP_VERSION)"
	kubectl wait --for=condition=established --timeout=60s crd/applications.app.k8s.io
	kubectl apply -k "$(KFP_MANIFESTS)/env/platform-agnostic?ref=$(KFP_VERSION)"
	kubectl --namespace kubeflow set env deployment/ml-pipeline DEFAULTPIPELINERUNNERSERVICEACCOUNT=fairsilo-runner
	kubectl --namespace kubeflow wait --for=condition=available --timeout=15m deployment --all

aks-deploy: helm ## Install or upgrade the chart, and hand the database's passwords to the cluster
	$(HELM) upgrade --install fairsilo $(CHART) --namespace kubeflow $(AKS_VALUES)
	$(MAKE) aks-secrets
	kubectl --namespace fairsilo rollout status statefulset/fairsilo-mysql --timeout=10m

aks-secrets: ## Make the passwords in the vault, once, and hand them to the cluster
	k8s/secrets.sh "$$($(AKS_OUTPUT) vault)"

aks-verify: ## Check on the cluster that a silo is kept apart (SILO=slug OTHER=slug)
	@$(AKS_HAS_IMAGE)
	python3 k8s/terraform/verify/verify.py $(AKS_AZURE) --image "$(AKS_IMAGE)" $(if $(SILO),--silo $(SILO)) $(if $(OTHER),--other $(OTHER))

aks-upload: ## Copy a folder to the shared volume (FROM=folder TO=path below its top)
	@$(AKS_HAS_IMAGE)
	k8s/terraform/upload.sh "$(AKS_IMAGE)" "$(FROM)" "$(TO)"

aks-image: ## Print the steps' image, as `fairsilo kubeflow --image` takes it
	@$(AKS_HAS_IMAGE)
	@echo "$(AKS_IMAGE)"

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
