variable "slug" {
  description = "The silo's name where only small letters, digits and hyphens are taken."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]+(-[a-z0-9]+)*$", var.slug)) && length(var.slug) <= 40
    error_message = "slug: expected at most 40 small letters, digits and single hyphens; it becomes the name of a container and a namespace."
  }
}

variable "silo" {
  description = "Its id and its tier (account or container)."
  type = object({
    id   = string
    tier = string
  })

  validation {
    condition     = contains(["account", "container"], var.silo.tier)
    error_message = "silo: expected the tier account or container."
  }
}

variable "name" {
  description = "Prefix of names."
  type        = string
}

variable "account_name" {
  description = "Name of its storage account, where it gets one."
  type        = string
}

variable "shared_account" {
  description = "The account that its container lies in, where it gets none."
  type = object({
    id          = string
    name        = string
    endpoint_ip = string
  })
  nullable = true
}

variable "inference" {
  description = "The identity that reads its container and writes its predictions; null: none."
  type = object({
    principal_id = string
  })
  nullable = true
}

variable "location" {
  description = "Azure region."
  type        = string
}

variable "resource_group_name" {
  description = "Resource group of all its resources."
  type        = string
}

variable "redundancy" {
  description = "LRS or ZRS."
  type        = string
}

variable "subnet_id" {
  description = "Subnet of private endpoints."
  type        = string
}

variable "dns_zone_id" {
  description = "Private DNS zone of blob endpoints."
  type        = string
}

variable "log_workspace_id" {
  description = "Log Analytics workspace that accesses are written to."
  type        = string
}

variable "oidc_issuer_url" {
  description = "Issuer of the cluster's service account tokens."
  type        = string
}

variable "tags" {
  description = "Tags of all its resources."
  type        = map(string)
}
