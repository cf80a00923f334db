for promise in "--abs 0.01" "--rel 1e-3" "--pw-rel 0.01" "--abs-and-rel 0.01 1e-2" "--lossless" "--abs 0"; do
  for effort in fast balanced max; do
    rm -f w.tpz
    tempress compress $DATA/burgers_100x256.f64 -o w.tpz $promise --effort $effort --quiet &&
      tempress verify $DATA/burgers_100x256.f64 w.tpz --quiet || echo "broken: $promise $effort"
  done
  tempress inspect w.tpz | grep promise
done
