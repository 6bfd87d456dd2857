"""The instrument: one module for the browser, one console behind it, two carriers."""
