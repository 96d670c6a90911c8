;; Layers of the networks that find faces and people, four channels at a time. Built into layers.wasm by scripts/build-kernel.ts.
;;
;; Memory, laid out by layers.ts: maps of f32, row by row, pixel by pixel, channel by channel, each with a frame of zeros two pixels
;; wide. Channels come in eights, pixels of a row in fours. Steps are bytes. Products are added with one rounding where the processor
;; does so (relaxed SIMD), with two elsewhere.
(module
  (import "env" "memory" (memory 1))

  ;; What is negative, times $slope; or where $swish is not 0, $swish · v · min(max(v + 3, 0), 6) (Howard et al. 2019, arXiv:1905.02244).
  (func $bent (param $v v128) (param $slope v128) (param $swish f32) (result v128)
    (if (result v128) (f32.ne (local.get $swish) (f32.const 0))
      (then
        (f32x4.mul
          (f32x4.mul (local.get $v) (f32x4.splat (local.get $swish)))
          (f32x4.pmin (v128.const f32x4 6 6 6 6)
            (f32x4.pmax (v128.const f32x4 0 0 0 0) (f32x4.add (local.get $v) (v128.const f32x4 3 3 3 3))))))
      (else
        (f32x4.add (f32x4.pmax (v128.const f32x4 0 0 0 0) (local.get $v))
          (f32x4.mul (local.get $slope) (f32x4.pmin (v128.const f32x4 0 0 0 0) (local.get $v)))))))

  ;; $lines pieces of $bytes, $row apart, around each place of a row, one after another. $step: from place to place.
  (func (export "patches") (param $src i32) (param $row i32) (param $step i32) (param $lines i32) (param $bytes i32)
    (param $width i32) (param $dst i32)
    (local $line i32) (local $from i32) (local $at i32)
    (loop $nextPlace
      (local.set $line (local.get $lines))
      (local.set $from (local.get $src))
      (loop $nextLine
        ;; what is too much is written over by the next piece
        (local.set $at (i32.const 0))
        (loop $nextPart
          (v128.store (i32.add (local.get $dst) (local.get $at)) (v128.load (i32.add (local.get $from) (local.get $at))))
          (br_if $nextPart
            (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $bytes))))
        (local.set $dst (i32.add (local.get $dst) (local.get $bytes)))
        (local.set $from (i32.add (local.get $from) (local.get $row)))
        (br_if $nextLine (local.tee $line (i32.sub (local.get $line) (i32.const 1)))))
      (local.set $src (i32.add (local.get $src) (local.get $step)))
      (br_if $nextPlace (local.tee $width (i32.sub (local.get $width) (i32.const 1))))))

  ;; Each channel with its own $taps × $taps weights, four places at a time. $src: the upper left of the pixels of the first place;
  ;; $pixel, $row: steps there; $step: from place to place. $weights: biases, slopes, then weights tap by tap, $pixel bytes each.
  (func (export "depthwise") (param $src i32) (param $pixel i32) (param $row i32) (param $step i32) (param $taps i32)
    (param $weights i32) (param $width i32) (param $dst i32) (param $swish f32)
    (local $c i32) (local $x i32) (local $from i32) (local $at i32) (local $to i32) (local $w i32) (local $i i32) (local $j i32)
    (local $two i32) (local $three i32)
    (local $k v128) (local $slope v128) (local $a v128) (local $b v128) (local $d v128) (local $e v128)
    (local.set $two (i32.shl (local.get $step) (i32.const 1)))
    (local.set $three (i32.add (local.get $two) (local.get $step)))
    (loop $nextChannels
      (local.set $from (i32.add (local.get $src) (local.get $c)))
      (local.set $to (i32.add (local.get $dst) (local.get $c)))
      (local.set $x (local.get $width))
      (loop $nextPlaces
        (local.set $w (i32.add (local.get $weights) (local.get $c)))
        (local.set $a (v128.load (local.get $w)))
        (local.set $b (local.get $a))
        (local.set $d (local.get $a))
        (local.set $e (local.get $a))
        (local.set $w (i32.add (local.get $w) (local.get $pixel)))
        (local.set $slope (v128.load (local.get $w)))
        (local.set $i (i32.const 0))
        (loop $nextLine
          (local.set $at (i32.add (local.get $from) (i32.mul (local.get $i) (local.get $row))))
          (local.set $j (local.get $taps))
          (loop $nextTap
            (local.set $k (v128.load (local.tee $w (i32.add (local.get $w) (local.get $pixel)))))
            (local.set $a (f32x4.relaxed_madd (local.get $k) (v128.load (local.get $at)) (local.get $a)))
            (local.set $b (f32x4.relaxed_madd (local.get $k)
              (v128.load (i32.add (local.get $at) (local.get $step))) (local.get $b)))
            (local.set $d (f32x4.relaxed_madd (local.get $k)
              (v128.load (i32.add (local.get $at) (local.get $two))) (local.get $d)))
            (local.set $e (f32x4.relaxed_madd (local.get $k)
              (v128.load (i32.add (local.get $at) (local.get $three))) (local.get $e)))
            (local.set $at (i32.add (local.get $at) (local.get $pixel)))
            (br_if $nextTap (local.tee $j (i32.sub (local.get $j) (i32.const 1)))))
          (br_if $nextLine (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $taps))))
        (v128.store (local.get $to) (call $bent (local.get $a) (local.get $slope) (local.get $swish)))
        (v128.store (local.tee $to (i32.add (local.get $to) (local.get $pixel)))
          (call $bent (local.get $b) (local.get $slope) (local.get $swish)))
        (v128.store (local.tee $to (i32.add (local.get $to) (local.get $pixel)))
          (call $bent (local.get $d) (local.get $slope) (local.get $swish)))
        (v128.store (local.tee $to (i32.add (local.get $to) (local.get $pixel)))
          (call $bent (local.get $e) (local.get $slope) (local.get $swish)))
        (local.set $to (i32.add (local.get $to) (local.get $pixel)))
        (local.set $from (i32.add (local.get $from) (i32.shl (local.get $step) (i32.const 2))))
        (br_if $nextPlaces (local.tee $x (i32.sub (local.get $x) (i32.const 4)))))
      (br_if $nextChannels (i32.lt_u (local.tee $c (i32.add (local.get $c) (i32.const 16))) (local.get $pixel)))))

  ;; Weighs all channels of each pixel, four pixels and eight outputs at a time. $weights, for each eight outputs: 8 biases, 8 slopes,
  ;; then 8 weights for each input. To the first $shared bytes of a pixel what is at $skip is added before; pixels are $shared bytes
  ;; apart there, $pixel bytes at $dst.
  (func (export "pointwise") (param $src i32) (param $inputs i32) (param $weights i32) (param $skip i32) (param $shared i32)
    (param $dst i32) (param $pixel i32) (param $width i32) (param $swish f32)
    (local $c i32) (local $w i32) (local $at i32) (local $to i32) (local $bytes i32) (local $two i32) (local $three i32)
    (local $end i32)
    (local $k v128) (local $l v128) (local $x v128)
    (local $a0 v128) (local $a1 v128) (local $b0 v128) (local $b1 v128)
    (local $d0 v128) (local $d1 v128) (local $e0 v128) (local $e1 v128)
    (local.set $bytes (i32.shl (local.get $inputs) (i32.const 2)))
    (local.set $two (i32.shl (local.get $bytes) (i32.const 1)))
    (local.set $three (i32.add (local.get $two) (local.get $bytes)))
    (loop $nextPixels
      (local.set $c (i32.const 0))
      (local.set $w (local.get $weights))
      (loop $nextOutputs
        (local.set $a0 (v128.load (local.get $w)))
        (local.set $a1 (v128.load offset=16 (local.get $w)))
        (local.set $b0 (local.get $a0))
        (local.set $b1 (local.get $a1))
        (local.set $d0 (local.get $a0))
        (local.set $d1 (local.get $a1))
        (local.set $e0 (local.get $a0))
        (local.set $e1 (local.get $a1))
        (if (i32.lt_u (local.get $c) (local.get $shared)) (then
          (local.set $at (i32.add (local.get $skip) (local.get $c)))
          (local.set $a0 (f32x4.add (local.get $a0) (v128.load (local.get $at))))
          (local.set $a1 (f32x4.add (local.get $a1) (v128.load offset=16 (local.get $at))))
          (local.set $at (i32.add (local.get $at) (local.get $shared)))
          (local.set $b0 (f32x4.add (local.get $b0) (v128.load (local.get $at))))
          (local.set $b1 (f32x4.add (local.get $b1) (v128.load offset=16 (local.get $at))))
          (local.set $at (i32.add (local.get $at) (local.get $shared)))
          (local.set $d0 (f32x4.add (local.get $d0) (v128.load (local.get $at))))
          (local.set $d1 (f32x4.add (local.get $d1) (v128.load offset=16 (local.get $at))))
          (local.set $at (i32.add (local.get $at) (local.get $shared)))
          (local.set $e0 (f32x4.add (local.get $e0) (v128.load (local.get $at))))
          (local.set $e1 (f32x4.add (local.get $e1) (v128.load offset=16 (local.get $at))))))
        (local.set $at (local.get $src))
        (local.set $end (i32.add (local.get $at) (local.get $bytes)))
        (local.set $w (i32.add (local.get $w) (i32.const 64)))
        (loop $nextInput
          (local.set $k (v128.load (local.get $w)))
          (local.set $l (v128.load offset=16 (local.get $w)))
          (local.set $x (v128.load32_splat (local.get $at)))
          (local.set $a0 (f32x4.relaxed_madd (local.get $x) (local.get $k) (local.get $a0)))
          (local.set $a1 (f32x4.relaxed_madd (local.get $x) (local.get $l) (local.get $a1)))
          (local.set $x (v128.load32_splat (i32.add (local.get $at) (local.get $bytes))))
          (local.set $b0 (f32x4.relaxed_madd (local.get $x) (local.get $k) (local.get $b0)))
          (local.set $b1 (f32x4.relaxed_madd (local.get $x) (local.get $l) (local.get $b1)))
          (local.set $x (v128.load32_splat (i32.add (local.get $at) (local.get $two))))
          (local.set $d0 (f32x4.relaxed_madd (local.get $x) (local.get $k) (local.get $d0)))
          (local.set $d1 (f32x4.relaxed_madd (local.get $x) (local.get $l) (local.get $d1)))
          (local.set $x (v128.load32_splat (i32.add (local.get $at) (local.get $three))))
          (local.set $e0 (f32x4.relaxed_madd (local.get $x) (local.get $k) (local.get $e0)))
          (local.set $e1 (f32x4.relaxed_madd (local.get $x) (local.get $l) (local.get $e1)))
          (local.set $w (i32.add (local.get $w) (i32.const 32)))
          (br_if $nextInput (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (local.get $end))))
        ;; the slopes
        (local.set $at (i32.sub (local.get $w) (i32.add (i32.shl (local.get $inputs) (i32.const 5)) (i32.const 32))))
        (local.set $k (v128.load (local.get $at)))
        (local.set $l (v128.load offset=16 (local.get $at)))
        (local.set $to (i32.add (local.get $dst) (local.get $c)))
        (v128.store (local.get $to) (call $bent (local.get $a0) (local.get $k) (local.get $swish)))
        (v128.store offset=16 (local.get $to) (call $bent (local.get $a1) (local.get $l) (local.get $swish)))
        (local.set $to (i32.add (local.get $to) (local.get $pixel)))
        (v128.store (local.get $to) (call $bent (local.get $b0) (local.get $k) (local.get $swish)))
        (v128.store offset=16 (local.get $to) (call $bent (local.get $b1) (local.get $l) (local.get $swish)))
        (local.set $to (i32.add (local.get $to) (local.get $pixel)))
        (v128.store (local.get $to) (call $bent (local.get $d0) (local.get $k) (local.get $swish)))
        (v128.store offset=16 (local.get $to) (call $bent (local.get $d1) (local.get $l) (local.get $swish)))
        (local.set $to (i32.add (local.get $to) (local.get $pixel)))
        (v128.store (local.get $to) (call $bent (local.get $e0) (local.get $k) (local.get $swish)))
        (v128.store offset=16 (local.get $to) (call $bent (local.get $e1) (local.get $l) (local.get $swish)))
        (br_if $nextOutputs (i32.lt_u (local.tee $c (i32.add (local.get $c) (i32.const 32))) (local.get $pixel))))
      (local.set $src (i32.add (local.get $src) (i32.shl (local.get $bytes) (i32.const 2))))
      (local.set $skip (i32.add (local.get $skip) (i32.shl (local.get $shared) (i32.const 2))))
      (local.set $dst (i32.add (local.get $dst) (i32.shl (local.get $pixel) (i32.const 2))))
      (br_if $nextPixels (local.tee $width (i32.sub (local.get $width) (i32.const 4))))))

  ;; The largest of 2 × 2 pixels, for a row of $width places. $src: the first of them.
  (func (export "largest") (param $src i32) (param $pixel i32) (param $row i32) (param $width i32) (param $dst i32)
    (local $c i32) (local $at i32) (local $below i32)
    (loop $nextPlace
      (local.set $c (i32.const 0))
      (loop $nextChannels
        (local.set $at (i32.add (local.get $src) (local.get $c)))
        (local.set $below (i32.add (local.get $at) (local.get $row)))
        (v128.store (i32.add (local.get $dst) (local.get $c))
          (f32x4.pmax
            (f32x4.pmax (v128.load (local.get $at)) (v128.load (i32.add (local.get $at) (local.get $pixel))))
            (f32x4.pmax (v128.load (local.get $below)) (v128.load (i32.add (local.get $below) (local.get $pixel))))))
        (br_if $nextChannels (i32.lt_u (local.tee $c (i32.add (local.get $c) (i32.const 16))) (local.get $pixel))))
      (local.set $src (i32.add (local.get $src) (i32.shl (local.get $pixel) (i32.const 1))))
      (local.set $dst (i32.add (local.get $dst) (local.get $pixel)))
      (br_if $nextPlace (local.tee $width (i32.sub (local.get $width) (i32.const 1))))))

  ;; Adds the pixels of a row to the one at $dst.
  (func (export "total") (param $src i32) (param $pixel i32) (param $width i32) (param $dst i32)
    (local $c i32) (local $to i32)
    (loop $nextPlace
      (local.set $c (i32.const 0))
      (loop $nextChannels
        (local.set $to (i32.add (local.get $dst) (local.get $c)))
        (v128.store (local.get $to)
          (f32x4.add (v128.load (local.get $to)) (v128.load (i32.add (local.get $src) (local.get $c)))))
        (br_if $nextChannels (i32.lt_u (local.tee $c (i32.add (local.get $c) (i32.const 16))) (local.get $pixel))))
      (local.set $src (i32.add (local.get $src) (local.get $pixel)))
      (br_if $nextPlace (local.tee $width (i32.sub (local.get $width) (i32.const 1))))))

  ;; $width pixels of a times $gate, channel by channel, and of b times $share, added. $step: from pixel to pixel at $dst.
  (func (export "mix") (param $a i32) (param $gate i32) (param $b i32) (param $share f32) (param $pixel i32) (param $width i32)
    (param $dst i32) (param $step i32)
    (local $c i32) (local $k v128)
    (local.set $k (f32x4.splat (local.get $share)))
    (loop $nextPlace
      (local.set $c (i32.const 0))
      (loop $nextChannels
        (v128.store (i32.add (local.get $dst) (local.get $c))
          (f32x4.add
            (f32x4.mul (v128.load (i32.add (local.get $a) (local.get $c)))
              (v128.load (i32.add (local.get $gate) (local.get $c))))
            (f32x4.mul (local.get $k) (v128.load (i32.add (local.get $b) (local.get $c))))))
        (br_if $nextChannels (i32.lt_u (local.tee $c (i32.add (local.get $c) (i32.const 16))) (local.get $pixel))))
      (local.set $a (i32.add (local.get $a) (local.get $pixel)))
      (local.set $b (i32.add (local.get $b) (local.get $pixel)))
      (local.set $dst (i32.add (local.get $dst) (local.get $step)))
      (br_if $nextPlace (local.tee $width (i32.sub (local.get $width) (i32.const 1)))))))
