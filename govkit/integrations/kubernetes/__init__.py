"""Kubernetes: a validating admission webhook, KServe's storage initializer, and the manifests of both."""
