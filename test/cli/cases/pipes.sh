# standard input and output
wind=$DATA/wind_24x73x144.f32
cat $wind | tempress compress - --shape 24x73x144 --dtype f32 -o - --lossless --quiet > a.tpz
tempress compress - --shape 24x73x144 --dtype f32 -o - --lossless < $wind > b.tpz 2> report
cmp a.tpz b.tpz && cat report
cat a.tpz | tempress decompress - -o - --quiet | cmp - $wind && echo same
tempress inspect - < a.tpz | head -3
cat $wind | tempress verify - a.tpz --quiet && echo kept
tempress decompress a.tpz -o - 2> /dev/null | head -c 4 | od -An -tf4
tempress compress $wind -o /dev/null --lossless --quiet && test -c /dev/null && echo "still a device"
