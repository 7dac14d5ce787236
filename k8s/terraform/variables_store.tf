variable "mysql" {
  description = "Where ML Metadata and the operator's state lie: in-cluster (a pod with a disk) or flexible (Azure Database for MySQL; untested, see docs/azure.md)."
  type        = string
  default     = "in-cluster"

  validation {
    condition     = contains(["in-cluster", "flexible"], var.mysql)
    error_message = "mysql: expected in-cluster or flexible."
  }
}

variable "mysql_admin_password" {
  description = "Password of the flexible server's administrator; goes to Azure only, never to the state."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = var.mysql != "flexible" || try(length(var.mysql_admin_password) >= 24, false)
    error_message = "mysql_admin_password: expected at least 24 characters where mysql is flexible; set TF_VAR_mysql_admin_password from the vault."
  }
}

variable "mysql_admin_password_version" {
  description = "Raise it to send a new mysql_admin_password: Terraform can't compare what it doesn't keep."
  type        = number
  default     = 1
}
