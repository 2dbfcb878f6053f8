"""What charts share when plotly draws them for a report; a panel is one figure with what stands around it."""
