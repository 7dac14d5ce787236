variable "subscription_id" {
  description = "Subscription that everything is made in."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.subscription_id))
    error_message = "subscription_id: expected a GUID in small letters, as `az account show --query id` prints it."
  }
}

variable "location" {
  description = "Azure region of all resources."
  type        = string
  default     = "westeurope"

  validation {
    condition     = can(regex("^[a-z0-9]+$", var.location))
    error_message = "location: expected a region's short name, such as westeurope (`az account list-locations -o table`)."
  }
}

variable "name" {
  description = "Prefix of all names. Names that must be unique in Azure get a digest of the subscription behind it."
  type        = string
  default     = "fairsilo"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{2,9}$", var.name))
    error_message = "name: expected 3 to 10 small letters and digits, starting with a letter (storage accounts take no more)."
  }
}

variable "tags" {
  description = "Tags of all resources, such as the cost centre."
  type        = map(string)
  default     = {}
}

variable "admin_group_id" {
  description = "Object id of the Entra group that administers the cluster: all of Kubernetes, the database's password, pushing images. It has no role on silos' containers."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.admin_group_id))
    error_message = "admin_group_id: expected a GUID, as `az ad group show --group NAME --query id` prints it."
  }
}

variable "member_group_ids" {
  description = "Object ids of Entra groups that may log in to the cluster (operators, reviewers, silos' owners). What each may do there, Kubernetes' role bindings say."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.member_group_ids : can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", id))])
    error_message = "member_group_ids: expected GUIDs, as `az ad group show --group NAME --query id` prints them."
  }
}

variable "allowed_ip_ranges" {
  description = "Public address ranges that reach the cluster's API and the key vault; all others are refused."
  type        = list(string)

  validation {
    condition     = length(var.allowed_ip_ranges) > 0
    error_message = "allowed_ip_ranges: found none, expected at least one; an empty list would open the cluster's API to everyone."
  }

  validation {
    condition     = alltrue([for range in var.allowed_ip_ranges : can(cidrhost(range, 0)) && try(tonumber(split("/", range)[1]) >= 16, false)])
    error_message = "allowed_ip_ranges: expected ranges such as 203.0.113.7/32, none wider than /16."
  }
}

variable "monthly_budget" {
  description = "Amount a month, in the subscription's currency, of which 80% and 100% are told by mail. It stops nothing."
  type        = number

  validation {
    condition     = var.monthly_budget > 0
    error_message = "monthly_budget: expected an amount above 0."
  }
}

variable "budget_emails" {
  description = "Who is told about the budget."
  type        = list(string)

  validation {
    condition     = length(var.budget_emails) > 0 && alltrue([for address in var.budget_emails : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "budget_emails: expected at least one mail address."
  }
}

variable "redundancy" {
  description = "Copies of what is stored: LRS (three in one data centre) or ZRS (three zones)."
  type        = string
  default     = "LRS"

  validation {
    condition     = contains(["LRS", "ZRS"], var.redundancy)
    error_message = "redundancy: expected LRS or ZRS."
  }
}

variable "root_share_gib" {
  description = "Size of the shared volume that holds artifacts and silos' homes. It is paid for whether used or not."
  type        = number
  default     = 100

  validation {
    condition     = var.root_share_gib >= 100 && var.root_share_gib <= 102400
    error_message = "root_share_gib: expected 100 to 102400, the range of premium file shares."
  }
}

variable "log_retention_days" {
  description = "Days that logs of access to storage, vault and cluster are kept."
  type        = number
  default     = 90

  validation {
    condition     = var.log_retention_days >= 30 && var.log_retention_days <= 730
    error_message = "log_retention_days: expected 30 to 730."
  }
}
