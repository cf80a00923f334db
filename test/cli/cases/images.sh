# a folder of PNG frames there and back
tempress compress $DATA/drosophila -o d.tpz --lossless --codec zstd --quiet
tempress inspect d.tpz | grep -E 'shape|dtype'
tempress decompress d.tpz -o frames/ --quiet
ls frames
for frame in frames/*; do cmp $frame $DATA/drosophila/$(basename $frame); done
try tempress decompress d.tpz -o frames/ --quiet
tempress decompress d.tpz -o frames/ --quiet --force --frames 2:4
ls frames
echo mine > frames/notes.txt
try tempress decompress d.tpz -o frames --quiet --force
tempress decompress d.tpz -o one.png --frames 5 --quiet
cmp one.png $DATA/drosophila/frame_0005.png && echo same
tempress verify $DATA/drosophila d.tpz --quiet && echo kept
cp -r $DATA/drosophila odd && cp one.png odd/a.png && head -c 2000 one.png > odd/frame_0003.png
try tempress compress odd -o o.tpz --lossless --codec zstd
ls -A
