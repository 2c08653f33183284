"""Alerts: rules on what is measured, when they fire and recover, and who is told."""
