"""The API for integrations of one clinic: `/api/v1/`, session or token, the same doors as everywhere."""
