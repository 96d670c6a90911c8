;; Layers of the networks that read landmarks, four channels at a time. Built into net.wasm by scripts/build-kernel.ts.
;;
;; Memory, laid out by net.ts: maps of f32, row by row, pixel by pixel, channel by channel, each with a frame of zeros one pixel wide.
;; Steps are bytes. Products are added with one rounding where the processor does so (relaxed SIMD), with two elsewhere.
(module
  (import "env" "memory" (memory 1))

  ;; 3 × 3 pixels of three channels around each place of a row, every second one, one after another: 27 values each.
  (func (export "patches") (param $src i32) (param $row i32) (param $width i32) (param $dst i32)
    (local $line i32) (local $at i32)
    (loop $next
      (local.set $line (i32.const 3))
      (local.set $at (local.get $src))
      (loop $nextLine
        (v128.store (local.get $dst) (v128.load (local.get $at)))
        (v128.store offset=16 (local.get $dst) (v128.load offset=16 (local.get $at)))
        (f32.store offset=32 (local.get $dst) (f32.load offset=32 (local.get $at)))
        (local.set $dst (i32.add (local.get $dst) (i32.const 36)))
        (local.set $at (i32.add (local.get $at) (local.get $row)))
        (br_if $nextLine (local.tee $line (i32.sub (local.get $line) (i32.const 1)))))
      (local.set $src (i32.add (local.get $src) (i32.const 24)))
      (br_if $next (local.tee $width (i32.sub (local.get $width) (i32.const 1))))))

  ;; Each channel with its own 3 × 3 weights. $src: the upper left of the nine pixels of the first place; $pixel, $row: steps there;
  ;; $step: from place to place. $weights: nine times $pixel bytes. One row of $width places to $dst, without a frame.
  (func (export "depthwise") (param $src i32) (param $pixel i32) (param $row i32) (param $step i32) (param $weights i32)
    (param $width i32) (param $dst i32)
    (local $c i32) (local $x i32) (local $at i32) (local $b i32) (local $d i32) (local $to i32) (local $two i32)
    (local $k0 v128) (local $k1 v128) (local $k2 v128) (local $k3 v128) (local $k4 v128)
    (local $k5 v128) (local $k6 v128) (local $k7 v128) (local $k8 v128)
    (local.set $two (i32.shl (local.get $pixel) (i32.const 1)))
    (loop $nextChannels
      (local.set $at (i32.add (local.get $weights) (local.get $c)))
      (local.set $k0 (v128.load (local.get $at)))
      (local.set $k1 (v128.load (local.tee $at (i32.add (local.get $at) (local.get $pixel)))))
      (local.set $k2 (v128.load (local.tee $at (i32.add (local.get $at) (local.get $pixel)))))
      (local.set $k3 (v128.load (local.tee $at (i32.add (local.get $at) (local.get $pixel)))))
      (local.set $k4 (v128.load (local.tee $at (i32.add (local.get $at) (local.get $pixel)))))
      (local.set $k5 (v128.load (local.tee $at (i32.add (local.get $at) (local.get $pixel)))))
      (local.set $k6 (v128.load (local.tee $at (i32.add (local.get $at) (local.get $pixel)))))
      (local.set $k7 (v128.load (local.tee $at (i32.add (local.get $at) (local.get $pixel)))))
      (local.set $k8 (v128.load (local.tee $at (i32.add (local.get $at) (local.get $pixel)))))
      (local.set $at (i32.add (local.get $src) (local.get $c)))
      (local.set $to (i32.add (local.get $dst) (local.get $c)))
      (local.set $x (local.get $width))
      (loop $nextPlace
        (local.set $b (i32.add (local.get $at) (local.get $row)))
        (local.set $d (i32.add (local.get $b) (local.get $row)))
        (v128.store (local.get $to)
          (f32x4.add
            (f32x4.relaxed_madd (local.get $k8) (v128.load (i32.add (local.get $d) (local.get $two)))
              (f32x4.relaxed_madd (local.get $k7) (v128.load (i32.add (local.get $d) (local.get $pixel)))
                (f32x4.relaxed_madd (local.get $k6) (v128.load (local.get $d))
                  (f32x4.relaxed_madd (local.get $k5) (v128.load (i32.add (local.get $b) (local.get $two)))
                    (f32x4.mul (local.get $k4) (v128.load (i32.add (local.get $b) (local.get $pixel))))))))
            (f32x4.relaxed_madd (local.get $k3) (v128.load (local.get $b))
              (f32x4.relaxed_madd (local.get $k2) (v128.load (i32.add (local.get $at) (local.get $two)))
                (f32x4.relaxed_madd (local.get $k1) (v128.load (i32.add (local.get $at) (local.get $pixel)))
                  (f32x4.mul (local.get $k0) (v128.load (local.get $at))))))))
        (local.set $at (i32.add (local.get $at) (local.get $step)))
        (local.set $to (i32.add (local.get $to) (local.get $pixel)))
        (br_if $nextPlace (local.tee $x (i32.sub (local.get $x) (i32.const 1)))))
      (br_if $nextChannels (i32.lt_u (local.tee $c (i32.add (local.get $c) (i32.const 16))) (local.get $pixel)))))

  ;; The largest of 2 × 2 pixels, for a row of $width places. $src: the first of them; $dst without a frame.
  (func (export "pool") (param $src i32) (param $pixel i32) (param $row i32) (param $width i32) (param $dst i32)
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

  ;; What is negative, times $slope.
  (func $bent (param $v v128) (param $slope v128) (result v128)
    (f32x4.add (f32x4.pmax (v128.const f32x4 0 0 0 0) (local.get $v))
      (f32x4.mul (local.get $slope) (f32x4.pmin (v128.const f32x4 0 0 0 0) (local.get $v)))))

  ;; Weighs all channels of each pixel, two pixels and sixteen outputs at a time. $src: $width pixels (2 at least) of $inputs values.
  ;; $weights, for each sixteen outputs: 16 biases, 16 slopes of what is negative, then 16 weights for each input. To the first $shared
  ;; bytes of a pixel what is at $skip is added before; there pixels are $skipPixel bytes apart, at $dst $pixel bytes.
  (func (export "pointwise") (param $src i32) (param $inputs i32) (param $weights i32) (param $skip i32) (param $skipPixel i32)
    (param $shared i32) (param $dst i32) (param $pixel i32) (param $width i32)
    (local $c i32) (local $w i32) (local $end i32) (local $a i32) (local $b i32) (local $bytes i32)
    (local $x v128) (local $y v128)
    (local $k v128) (local $l v128) (local $m v128) (local $n v128)
    (local $a0 v128) (local $a1 v128) (local $a2 v128) (local $a3 v128)
    (local $b0 v128) (local $b1 v128) (local $b2 v128) (local $b3 v128)
    (local.set $bytes (i32.shl (local.get $inputs) (i32.const 2)))
    (loop $nextPixels
      (local.set $c (i32.const 0))
      (local.set $w (local.get $weights))
      (loop $nextOutputs
        (local.set $a0 (v128.load (local.get $w)))
        (local.set $a1 (v128.load offset=16 (local.get $w)))
        (local.set $a2 (v128.load offset=32 (local.get $w)))
        (local.set $a3 (v128.load offset=48 (local.get $w)))
        (local.set $b0 (local.get $a0))
        (local.set $b1 (local.get $a1))
        (local.set $b2 (local.get $a2))
        (local.set $b3 (local.get $a3))
        (if (i32.lt_u (local.get $c) (local.get $shared)) (then
          (local.set $a (i32.add (local.get $skip) (local.get $c)))
          (local.set $b (i32.add (local.get $a) (local.get $skipPixel)))
          (local.set $a0 (f32x4.add (local.get $a0) (v128.load (local.get $a))))
          (local.set $a1 (f32x4.add (local.get $a1) (v128.load offset=16 (local.get $a))))
          (local.set $a2 (f32x4.add (local.get $a2) (v128.load offset=32 (local.get $a))))
          (local.set $a3 (f32x4.add (local.get $a3) (v128.load offset=48 (local.get $a))))
          (local.set $b0 (f32x4.add (local.get $b0) (v128.load (local.get $b))))
          (local.set $b1 (f32x4.add (local.get $b1) (v128.load offset=16 (local.get $b))))
          (local.set $b2 (f32x4.add (local.get $b2) (v128.load offset=32 (local.get $b))))
          (local.set $b3 (f32x4.add (local.get $b3) (v128.load offset=48 (local.get $b))))))
        (local.set $a (local.get $src))
        (local.set $b (i32.add (local.get $a) (local.get $bytes)))
        (local.set $end (local.get $b))
        (local.set $w (i32.add (local.get $w) (i32.const 128)))
        (loop $nextInput
          (local.set $k (v128.load (local.get $w)))
          (local.set $l (v128.load offset=16 (local.get $w)))
          (local.set $m (v128.load offset=32 (local.get $w)))
          (local.set $n (v128.load offset=48 (local.get $w)))
          (local.set $x (v128.load32_splat (local.get $a)))
          (local.set $y (v128.load32_splat (local.get $b)))
          (local.set $a0 (f32x4.relaxed_madd (local.get $x) (local.get $k) (local.get $a0)))
          (local.set $a1 (f32x4.relaxed_madd (local.get $x) (local.get $l) (local.get $a1)))
          (local.set $a2 (f32x4.relaxed_madd (local.get $x) (local.get $m) (local.get $a2)))
          (local.set $a3 (f32x4.relaxed_madd (local.get $x) (local.get $n) (local.get $a3)))
          (local.set $b0 (f32x4.relaxed_madd (local.get $y) (local.get $k) (local.get $b0)))
          (local.set $b1 (f32x4.relaxed_madd (local.get $y) (local.get $l) (local.get $b1)))
          (local.set $b2 (f32x4.relaxed_madd (local.get $y) (local.get $m) (local.get $b2)))
          (local.set $b3 (f32x4.relaxed_madd (local.get $y) (local.get $n) (local.get $b3)))
          (local.set $w (i32.add (local.get $w) (i32.const 64)))
          (local.set $b (i32.add (local.get $b) (i32.const 4)))
          (br_if $nextInput (i32.lt_u (local.tee $a (i32.add (local.get $a) (i32.const 4))) (local.get $end))))
        ;; back to the slopes
        (local.set $end (i32.sub (local.get $w) (i32.add (i32.shl (local.get $inputs) (i32.const 6)) (i32.const 64))))
        (local.set $a (i32.add (local.get $dst) (local.get $c)))
        (local.set $b (i32.add (local.get $a) (local.get $pixel)))
        (v128.store (local.get $a) (call $bent (local.get $a0) (v128.load (local.get $end))))
        (v128.store offset=16 (local.get $a) (call $bent (local.get $a1) (v128.load offset=16 (local.get $end))))
        (v128.store offset=32 (local.get $a) (call $bent (local.get $a2) (v128.load offset=32 (local.get $end))))
        (v128.store offset=48 (local.get $a) (call $bent (local.get $a3) (v128.load offset=48 (local.get $end))))
        (v128.store (local.get $b) (call $bent (local.get $b0) (v128.load (local.get $end))))
        (v128.store offset=16 (local.get $b) (call $bent (local.get $b1) (v128.load offset=16 (local.get $end))))
        (v128.store offset=32 (local.get $b) (call $bent (local.get $b2) (v128.load offset=32 (local.get $end))))
        (v128.store offset=48 (local.get $b) (call $bent (local.get $b3) (v128.load offset=48 (local.get $end))))
        (br_if $nextOutputs (i32.lt_u (local.tee $c (i32.add (local.get $c) (i32.const 64))) (local.get $pixel))))
      (local.set $a (i32.const 2))
      ;; the last of an odd number goes once more with the one before it
      (if (i32.eq (local.get $width) (i32.const 3)) (then
        (local.set $a (i32.const 1))
        (local.set $width (i32.const 4))))
      (local.set $src (i32.add (local.get $src) (i32.mul (local.get $bytes) (local.get $a))))
      (local.set $skip (i32.add (local.get $skip) (i32.mul (local.get $skipPixel) (local.get $a))))
      (local.set $dst (i32.add (local.get $dst) (i32.mul (local.get $pixel) (local.get $a))))
      (br_if $nextPixels (local.tee $width (i32.sub (local.get $width) (i32.const 2)))))))
