//! Runbooks and plans on disk: read under one root, watched for change.
