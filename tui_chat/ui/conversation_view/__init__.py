"""The conversation as one widget: layout, drawing, scrolling, selection, search."""
