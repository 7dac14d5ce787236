#!/usr/bin/env bash
# Copies a folder of this machine to the shared volume, through a pod that mounts it and
# has no network:
#
#   k8s/terraform/upload.sh IMAGE FROM TO
#
# IMAGE has `tar` (the steps' image does); TO is a path below the volume's top.
set -euo pipefail
image=$1 from=$2 to=$3

if [[ ! $to =~ ^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$ ]]; then
  echo "error: found TO=$to, expected a path below the volume's top, such as input/loans" >&2
  exit 2
fi
if [[ ! -d $from ]]; then
  echo "error: found no folder FROM=$from" >&2
  exit 2
fi

in_kubeflow() { kubectl --namespace kubeflow "$@"; }
trap 'in_kubeflow delete pod fairsilo-upload --ignore-not-found --wait=false' EXIT
in_kubeflow apply --filename - <<END
apiVersion: v1
kind: Pod
metadata:
  name: fairsilo-upload
  labels:
    app.kubernetes.io/part-of: fairsilo
    fairsilo.io/role: housekeeping
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  enableServiceLinks: false
  activeDeadlineSeconds: 86400
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: upload
      image: $image
      command: [sleep, infinity]
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      resources:
        requests:
          cpu: 100m
          memory: 128Mi
        limits:
          cpu: "1"
          memory: 512Mi
      volumeMounts:
        - name: root
          mountPath: /mnt/fairsilo
  volumes:
    - name: root
      persistentVolumeClaim:
        claimName: fairsilo-root
END
in_kubeflow wait --for=condition=ready --timeout=10m pod/fairsilo-upload
in_kubeflow exec fairsilo-upload -- mkdir -p "/mnt/fairsilo/$to"
in_kubeflow cp "$from/." "fairsilo-upload:/mnt/fairsilo/$to"
