# Targets for the images. Included by the top-level Makefile.

IMAGE_NAMES := pipeline silo-worker
IMAGE_BUILDER ?= $(firstword $(notdir $(shell command -v docker buildah)))
# Registry to tag for and push to, such as `name.azurecr.io/`, with the slash.
IMAGE_REGISTRY ?=
IMAGE_VERSION := $(shell awk -F'"' '/^version = /{print $$2; exit}' pyproject.toml)
# Others of the builder's, such as `--build-arg PYTHON_IMAGE=name.azurecr.io/python@...`.
IMAGE_OPTIONS ?=
# What docker does by itself: keep a layer a step, and print a digest.
IMAGE_LAYERS := $(if $(filter buildah,$(IMAGE_BUILDER)),--layers)
IMAGE_DIGEST := $(if $(filter buildah,$(IMAGE_BUILDER)),--digestfile=/dev/stdout)
comma := ,
# An index or a certificate authority of one's own, where the network has them.
IMAGE_INDEX := $(foreach name,PIP_INDEX_URL UV_DEFAULT_INDEX,$(if $($(name)),--build-arg $(name)))
IMAGE_CA := $(if $(SSL_CERT_FILE),--secret id=ca-certificates$(comma)src=$(SSL_CERT_FILE))

##@ Images
images: $(IMAGE_NAMES:%=image-%) ## Build the images with docker or buildah

image-%: # One of them
	@test -n "$(IMAGE_BUILDER)" || { echo "error: found neither docker nor buildah, expected one of them"; exit 1; }
	$(IMAGE_BUILDER) build $(IMAGE_LAYERS) --file k8s/images/$*/Dockerfile \
	  --tag $(IMAGE_REGISTRY)fairsilo-$*:$(IMAGE_VERSION) \
	  --label org.opencontainers.image.version=$(IMAGE_VERSION) \
	  --label org.opencontainers.image.revision=$$(git describe --always --dirty --abbrev=40) \
	  $(IMAGE_INDEX) $(IMAGE_CA) $(IMAGE_OPTIONS) .

images-push: images ## Push them to IMAGE_REGISTRY; prints the digests to pin
	@test -n "$(IMAGE_REGISTRY)" || { echo "error: found no IMAGE_REGISTRY, expected one such as name.azurecr.io/"; exit 2; }
	for name in $(IMAGE_NAMES); do $(IMAGE_BUILDER) push $(IMAGE_DIGEST) $(IMAGE_REGISTRY)fairsilo-$$name:$(IMAGE_VERSION) || exit 1; done

images-check: install ## Build the images from Debian's packages, without a registry, and look inside (root)
	k8s/images/check.sh

.PHONY: images images-push images-check
