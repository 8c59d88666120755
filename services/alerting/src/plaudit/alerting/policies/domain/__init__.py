"""What has to happen, and how soon: documents of classes, their revisions, and which of them fit together."""
