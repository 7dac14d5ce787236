{{- /*
A silo's name in Kubernetes and Azure: its id in small letters where that can be one,
else what is readable of it and a digest. k8s/terraform/silos.tf has the same rule.
*/}}
{{- define "fairsilo.slug" -}}
{{- if and (regexMatch "^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$" .) (le (len .) 40) -}}
{{ lower . }}
{{- else -}}
{{- $readable := regexReplaceAll "[^a-z0-9]+" (lower .) "-" | trimAll "-" | trunc 31 | trimAll "-" -}}
{{ $readable | default "silo" }}-{{ sha256sum . | trunc 8 }}
{{- end -}}
{{- end }}

{{- /* The silos with all that is derived for them, as a JSON list; refuses what clashes. */}}
{{- define "fairsilo.silos" -}}
{{- $ids := dict -}}
{{- $slugs := dict -}}
{{- $silos := list -}}
{{- $azure := dig "azure" "silos" dict .Values.AsMap -}}
{{- range .Values.silos -}}
{{- $slug := .slug | default (include "fairsilo.slug" .id) -}}
{{- if gt (len .id) 120 -}}
{{- fail (printf "silos: found the id `%s` of %d bytes, expected at most 120" .id (len .id)) -}}
{{- else if hasKey $ids .id -}}
{{- fail (printf "silos: found silo `%s` twice, expected each silo once" .id) -}}
{{- else if hasKey $slugs $slug -}}
{{- fail (printf "silos: found `%s` as the name of silo `%s` and of silo `%s`, expected a name for each: give one of them a `slug` of its own" $slug (get $slugs $slug) .id) -}}
{{- end -}}
{{- $_ := set $ids .id true -}}
{{- $_ := set $slugs $slug .id -}}
{{- $namespace := printf "fairsilo-silo-%s" $slug -}}
{{- $directory := or (eq $.Values.platform "local") (eq (.input | default "container") "directory") -}}
{{- $silos = append $silos (dict
      "id" .id
      "slug" $slug
      "namespace" $namespace
      "owners" (.owners | default (printf "%s-owners" $namespace))
      "home" (printf "%s/silos/%s" $.Values.use_case .id)
      "input" (ternary (printf "input/%s/%s" $.Values.use_case .id) "" $directory)
      "azure" (get $azure $slug)
    ) -}}
{{- end -}}
{{- if eq .Values.platform "aks" -}}
{{- range $slug, $id := $slugs -}}
{{- if not (hasKey $azure $slug) -}}
{{- fail (printf "azure.silos: found nothing about `%s`, expected the silos of silos.yaml: run `make aks-plan aks-up`" $slug) -}}
{{- end -}}
{{- end -}}
{{- range $slug, $_ := $azure -}}
{{- if not (hasKey $slugs $slug) -}}
{{- fail (printf "azure.silos: found `%s`, expected the silos of silos.yaml: run `make aks-plan aks-up`" $slug) -}}
{{- end -}}
{{- end -}}
{{- if .Values.azure.store.host -}}
{{- fail (printf "azure.store.host: found `%s`, expected null: this chart holds the database as a pod of the cluster, and lets no step reach another" .Values.azure.store.host) -}}
{{- end -}}
{{- end -}}
{{ toJson $silos }}
{{- end }}

{{- /* What Pod Security `restricted` wants of a pod, and no token; takes the user's id. */}}
{{- define "fairsilo.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ . }}
  runAsGroup: {{ . }}
  {{- if eq . 999 }}
  fsGroup: 999
  fsGroupChangePolicy: OnRootMismatch
  {{- end }}
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{- define "fairsilo.container" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{- /* A silo's or the root's directory of the share; takes root, handle, folder, mode. */}}
{{- define "fairsilo.share" -}}
driver: file.csi.azure.com
readOnly: {{ ne .folder "" }}
volumeHandle: {{ .handle }}
volumeAttributes:
  protocol: nfs
  resourceGroup: {{ .root.resource_group | quote }}
  storageAccount: {{ .root.account | quote }}
  server: {{ .root.server | quote }}
  shareName: {{ .root.share | quote }}
  {{- with .folder }}
  folderName: {{ . | quote }}
  {{- end }}
  mountPermissions: {{ .mode | quote }}
{{- end }}

{{- /* A directory of the one node. */}}
{{- define "fairsilo.node" -}}
local:
  path: {{ printf "/var/lib/fairsilo/root/%s" . | trimSuffix "/" | quote }}
nodeAffinity:
  required:
    nodeSelectorTerms:
      - matchExpressions:
          - key: kubernetes.io/os
            operator: In
            values: [linux]
{{- end }}

{{- /* The way to the cluster's DNS, as an egress rule. */}}
{{- define "fairsilo.dns" -}}
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: kube-system
      podSelector:
        matchLabels:
          k8s-app: kube-dns
  ports:
    - protocol: UDP
      port: 53
    - protocol: TCP
      port: 53
{{- end }}

{{- /*
What steps and shards may reach by the identity of inference: silos' storage, and what the
value `inference.egress` adds. Nothing where there is none; takes the chart's root.
*/}}
{{- define "fairsilo.inference" -}}
{{- $blocks := .Values.inference.egress }}
{{- range include "fairsilo.silos" . | fromJsonArray }}
{{- with .azure }}
{{- $blocks = append $blocks (printf "%s/32" .endpoint_ip) }}
{{- end }}
{{- end }}
{{- if and .Values.inference.client_id $blocks }}
- to:
    {{- range uniq $blocks }}
    - ipBlock:
        cidr: {{ . }}
    {{- end }}
  ports:
    - protocol: TCP
      port: 443
{{- end }}
{{- end }}

{{- /* Annotates an account with that identity, where there is one. */}}
{{- define "fairsilo.inference.account" -}}
{{- with .Values.inference.client_id }}
annotations:
  azure.workload.identity/client-id: {{ . | quote }}
{{- end }}
{{- end }}

{{- /* Binds a role to a group; takes kind, role, name, namespace, label, group. */}}
{{- define "fairsilo.binding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ .name }}
  namespace: {{ .namespace }}
  labels:
    app.kubernetes.io/part-of: fairsilo
    fairsilo.io/group: {{ .label }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: {{ .role }}
subjects:
  - kind: Group
    name: {{ .group | quote }}
    apiGroup: rbac.authorization.k8s.io
{{- end }}
