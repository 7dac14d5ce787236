variable "name" {
  description = "Name of the account, unique in all of Azure."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]{3,24}$", var.name))
    error_message = "name: expected 3 to 24 small letters and digits."
  }
}

variable "location" {
  description = "Azure region."
  type        = string
}

variable "resource_group_name" {
  description = "Resource group of the account and its endpoint."
  type        = string
}

variable "redundancy" {
  description = "LRS or ZRS."
  type        = string
}

variable "subnet_id" {
  description = "Subnet of the private endpoint."
  type        = string
}

variable "dns_zone_id" {
  description = "Private DNS zone that the endpoint's address is written to."
  type        = string
}

variable "log_workspace_id" {
  description = "Log Analytics workspace that reads, writes and deletions are written to."
  type        = string
}

variable "tags" {
  description = "Tags of the account and its endpoint."
  type        = map(string)
}
