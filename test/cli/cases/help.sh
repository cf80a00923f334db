tempress help compress
tempress help zstd
tempress verify --help
try tempress help copmress
