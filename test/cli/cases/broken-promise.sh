# verify against frames that are off in two places
cp $DATA/wind_24x73x144.f32 wind_24x73x144.f32
tempress compress wind_24x73x144.f32 -o w.tpz --abs 0.01 --codec zstd --quiet
node -e '
const fs = require("fs");
const bytes = fs.readFileSync("wind_24x73x144.f32");
for (const [t, y, x, add] of [[3, 4, 5, 0.5], [20, 72, 143, -7]]) {
  const at = ((t * 73 + y) * 144 + x) * 4;
  bytes.writeFloatLE(bytes.readFloatLE(at) + add, at);
}
fs.writeFileSync("off_24x73x144.f32", bytes);'
try tempress verify off_24x73x144.f32 w.tpz
tempress verify off_24x73x144.f32 w.tpz --quiet; echo "exit $?"
tempress verify off_24x73x144.f32 w.tpz --json | grep -o '"kept":false\|"index":\[[0-9,]*\]'
try tempress verify $DATA/rain_12x128x128.f32 w.tpz
