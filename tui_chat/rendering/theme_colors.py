"""The program's colours by name, for dark and light terminals. Imports nothing: themes load without Pygments."""

DARK_COLOURS = {
    "background": "#121212",
    "foreground": "#e0e0e0",
    "primary": "#5aa9e6",
    "secondary": "#7f9fd0",
    "accent": "#ffa62b",
    "success": "#7cc38a",
    "warning": "#e5b567",
    "error": "#e06c75",
}
LIGHT_COLOURS = {
    "background": "#f7f7f5",
    "foreground": "#1a1c20",
    "primary": "#1f5fa8",
    "secondary": "#4b5d94",
    "accent": "#b3541e",
    "success": "#2f7d4f",
    "warning": "#9a6700",
    "error": "#b3304a",
}
