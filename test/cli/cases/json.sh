# one object on one line, with LibPressio's names
wind=$DATA/wind_24x73x144.f32
keys='const o = JSON.parse(require("fs").readFileSync(0, "utf8")); console.log(process.argv[1], Object.keys(o).filter((k) => /^(size:|error_stat:(max_error|psnr)$|time:)/.test(k)).join(" "))'
tempress compress $wind -o w.tpz --rel 1e-3 --json > c; wc -l < c; node -e "$keys" compress: < c
tempress decompress w.tpz -o w.npy --json > d; wc -l < d; node -e "$keys" decompress: < d
tempress inspect w.tpz --json > i; wc -l < i; node -e "$keys" inspect: < i
tempress verify $wind w.tpz --json > v; wc -l < v; node -e "$keys" verify: < v
tempress list --json > l; wc -l < l; node -p 'Object.keys(JSON.parse(require("fs").readFileSync("l", "utf8"))).join(" ")'
tempress inspect missing.tpz --json 2> error; echo "exit $?"
cat error
