tempress --version
tempress -V
try tempress --version --json
