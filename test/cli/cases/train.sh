# A network from frames, as short as can be; what stopped it, and what is refused.
tempress train $DATA/wind_24x73x144.f32 -o wind.tpm --steps 2 --batch 2 --crop 32 --set body=2 --set refine=2
try tempress model wind.tpm
tempress train $DATA/wind_24x73x144.f32 -o wind.tpm --force --quiet --steps 2 --batch 2 --crop 32 --set body=2 --set refine=2
tempress model wind.tpm -o wind.onnx --size 64x64 --json | cut -c1-9
ls
try tempress train $DATA/wind_24x73x144.f32 -o wind.tpm
try tempress train $DATA/wind_24x73x144.f32 -o other.tpm --resume
try tempress train $DATA/wind_24x73x144.f32 -o other.tpm --network wrap
try tempress train $DATA/wind_24x73x144.f32 -o other.tpm --rel 0
try tempress model $DATA/wind_24x73x144.f32
head -c 100 wind.tpm > cut.tpm
try tempress model cut.tpm
# A checkpoint that finds no room does not end the training.
mkdir other.tpm.checkpoint
try tempress train $DATA/wind_24x73x144.f32 -o other.tpm --quiet --steps 1 --batch 2 --crop 32 --set body=2 --set refine=2
# Without onnxruntime-node: all but training works.
cp -r "$(dirname "$(readlink -f "$(command -v tempress)")")" alone
try node alone/tempress.js train $DATA/wind_24x73x144.f32 -o third.tpm --quiet
try node alone/tempress.js model wind.tpm --json | cut -c1-9
