"""The measured programs: each module is a worker and a sender of one library, as that library wants it written."""
