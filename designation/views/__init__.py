"""The web pages. Views parse, ask and show; who may see what is on the querysets, who may act in the workflow."""
