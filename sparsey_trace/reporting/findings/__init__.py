"""What a report says first: findings in words, computed, one kind a file; `all_findings` puts them together."""
