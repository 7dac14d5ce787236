variable "name" {
  description = "Name of the server, unique in all of Azure."
  type        = string
}

variable "location" {
  description = "Azure region."
  type        = string
}

variable "resource_group_name" {
  description = "Resource group of the server."
  type        = string
}

variable "virtual_network_name" {
  description = "Virtual network that the server's subnet is cut from."
  type        = string
}

variable "virtual_network_id" {
  description = "Its id, which the server's private DNS zone is linked to."
  type        = string
}

variable "subnet_cidr" {
  description = "Addresses of the server's own subnet."
  type        = string
}

variable "admin_password" {
  description = "The administrator's password, kept nowhere in the state."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "admin_password_version" {
  description = "A number that is raised with each new password."
  type        = number
}

variable "tags" {
  description = "Tags of all its resources."
  type        = map(string)
}
