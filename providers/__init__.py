"""Object storage behind one interface: S3, Google Cloud Storage, Azure Blob, a folder, memory."""
