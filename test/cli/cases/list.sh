tempress list
tempress list codecs --json
try tempress list codec
