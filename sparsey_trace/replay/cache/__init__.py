"""What earlier analyses left: results that are there, and folds that can be taken on."""
