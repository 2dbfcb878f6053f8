"""What any part of the package may use: text, tables in HTML, plug-ins, progress, bits."""
