"""The notifier: keeps each job's tree, and tells the sender once how the job ended."""
