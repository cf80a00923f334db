tempress --help
tempress help | head -1
try tempress
