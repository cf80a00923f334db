# stopped while it writes: nothing under the final name, and no temporary file
node -e 'process.stdout.write(Buffer.from(Float32Array.from({ length: 16 << 20 }, (_, i) => Math.sin(i * i)).buffer))' > big_16384x1024.f32
for signal in TERM INT; do
  tempress compress big_16384x1024.f32 -o big.tpz --lossless --codec zstd -O level=19 --window 256 --quiet &
  until ls -A | grep -q tmp; do sleep 0.1; done
  sleep 0.5
  kill -$signal $!
  wait $!
  echo "$signal: exit $?"
  ls -A
done
tempress compress big_16384x1024.f32 -o big.tpz --lossless --codec zstd -O level=19 --window 256 --quiet &
until ls -A | grep -q tmp; do sleep 0.1; done
kill -KILL $!
wait $! 2> /dev/null
test -e big.tpz || echo "KILL: no big.tpz"
