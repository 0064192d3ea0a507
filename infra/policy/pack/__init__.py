"""The policies as a pack that Pulumi's engine loads: ``pulumi preview --policy-pack FOLDER``.

The engine must find the virtual environment that this is installed in (its ``bin`` in PATH).
"""
