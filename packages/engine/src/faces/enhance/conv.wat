;; A layer of a small network: convolution of planes of f32, eight pixels and four outputs at a time. Built into conv.wasm by
;; scripts/build-kernel.ts.
;;
;; Memory, laid out by tiles.ts: rows of planes, so that what one row of a result needs lies close together. Each input counts twice,
;; as it is and as its magnitude: what "both signs" ReLU (concatenated max(x, 0) and max(−x, 0)) comes to with half the loads.
(module
  (import "env" "memory" (memory 1))

  ;; $height rows of $width pixels (rounded up to 8) of 4 × $groups outputs. $src: pixel (0, 0) of the first input; from row to row
  ;; $srcRow bytes, from input to input $srcPlane; $channels of them. $reach: 1 for 3 × 3, 0 for 1 × 1; what lies $reach beyond the
  ;; rows and columns is read, too. $weights, for each group: 4 biases, then by row, column and input the 4 weights of x and the 4 of
  ;; its magnitude in turn. Results go to $dst, laid out likewise.
  (func (export "conv") (param $src i32) (param $srcRow i32) (param $srcPlane i32) (param $channels i32) (param $reach i32)
    (param $weights i32) (param $groups i32) (param $dst i32) (param $dstRow i32) (param $dstPlane i32)
    (param $width i32) (param $height i32)
    (local $x i32) (local $g i32) (local $c i32) (local $dx i32) (local $dy i32) (local $w i32) (local $p i32) (local $at i32) (local $to i32)
    (local $a v128) (local $b v128) (local $ma v128) (local $mb v128) (local $k v128)
    (local $a0 v128) (local $a1 v128) (local $a2 v128) (local $a3 v128)
    (local $b0 v128) (local $b1 v128) (local $b2 v128) (local $b3 v128)
    (loop $nextRow
      (local.set $x (i32.const 0))
      (loop $nextPixels
        (local.set $at (i32.add (local.get $src) (i32.shl (local.get $x) (i32.const 2))))
        (local.set $to (i32.add (local.get $dst) (i32.shl (local.get $x) (i32.const 2))))
        (local.set $w (local.get $weights))
        (local.set $g (local.get $groups))
        (loop $nextGroup
          (local.set $a0 (v128.load32_splat (local.get $w)))
          (local.set $a1 (v128.load32_splat offset=4 (local.get $w)))
          (local.set $a2 (v128.load32_splat offset=8 (local.get $w)))
          (local.set $a3 (v128.load32_splat offset=12 (local.get $w)))
          (local.set $b0 (local.get $a0))
          (local.set $b1 (local.get $a1))
          (local.set $b2 (local.get $a2))
          (local.set $b3 (local.get $a3))
          (local.set $w (i32.add (local.get $w) (i32.const 16)))
          (local.set $dy (i32.sub (i32.const 0) (local.get $reach)))
          (loop $nextLine
            (local.set $dx (i32.sub (i32.const 0) (local.get $reach)))
            (loop $nextTap
              (local.set $p
                (i32.add (local.get $at)
                  (i32.add (i32.mul (local.get $dy) (local.get $srcRow)) (i32.shl (local.get $dx) (i32.const 2)))))
              (local.set $c (local.get $channels))
              (loop $nextInput
                (local.set $a (v128.load (local.get $p)))
                (local.set $b (v128.load offset=16 (local.get $p)))
                (local.set $ma (f32x4.abs (local.get $a)))
                (local.set $mb (f32x4.abs (local.get $b)))
                (local.set $k (v128.load32_splat (local.get $w)))
                (local.set $a0 (f32x4.add (local.get $a0) (f32x4.mul (local.get $a) (local.get $k))))
                (local.set $b0 (f32x4.add (local.get $b0) (f32x4.mul (local.get $b) (local.get $k))))
                (local.set $k (v128.load32_splat offset=4 (local.get $w)))
                (local.set $a0 (f32x4.add (local.get $a0) (f32x4.mul (local.get $ma) (local.get $k))))
                (local.set $b0 (f32x4.add (local.get $b0) (f32x4.mul (local.get $mb) (local.get $k))))
                (local.set $k (v128.load32_splat offset=8 (local.get $w)))
                (local.set $a1 (f32x4.add (local.get $a1) (f32x4.mul (local.get $a) (local.get $k))))
                (local.set $b1 (f32x4.add (local.get $b1) (f32x4.mul (local.get $b) (local.get $k))))
                (local.set $k (v128.load32_splat offset=12 (local.get $w)))
                (local.set $a1 (f32x4.add (local.get $a1) (f32x4.mul (local.get $ma) (local.get $k))))
                (local.set $b1 (f32x4.add (local.get $b1) (f32x4.mul (local.get $mb) (local.get $k))))
                (local.set $k (v128.load32_splat offset=16 (local.get $w)))
                (local.set $a2 (f32x4.add (local.get $a2) (f32x4.mul (local.get $a) (local.get $k))))
                (local.set $b2 (f32x4.add (local.get $b2) (f32x4.mul (local.get $b) (local.get $k))))
                (local.set $k (v128.load32_splat offset=20 (local.get $w)))
                (local.set $a2 (f32x4.add (local.get $a2) (f32x4.mul (local.get $ma) (local.get $k))))
                (local.set $b2 (f32x4.add (local.get $b2) (f32x4.mul (local.get $mb) (local.get $k))))
                (local.set $k (v128.load32_splat offset=24 (local.get $w)))
                (local.set $a3 (f32x4.add (local.get $a3) (f32x4.mul (local.get $a) (local.get $k))))
                (local.set $b3 (f32x4.add (local.get $b3) (f32x4.mul (local.get $b) (local.get $k))))
                (local.set $k (v128.load32_splat offset=28 (local.get $w)))
                (local.set $a3 (f32x4.add (local.get $a3) (f32x4.mul (local.get $ma) (local.get $k))))
                (local.set $b3 (f32x4.add (local.get $b3) (f32x4.mul (local.get $mb) (local.get $k))))
                (local.set $w (i32.add (local.get $w) (i32.const 32)))
                (local.set $p (i32.add (local.get $p) (local.get $srcPlane)))
                (br_if $nextInput (local.tee $c (i32.sub (local.get $c) (i32.const 1)))))
              (br_if $nextTap
                (i32.le_s (local.tee $dx (i32.add (local.get $dx) (i32.const 1))) (local.get $reach))))
            (br_if $nextLine
              (i32.le_s (local.tee $dy (i32.add (local.get $dy) (i32.const 1))) (local.get $reach))))
          (v128.store (local.get $to) (local.get $a0))
          (v128.store offset=16 (local.get $to) (local.get $b0))
          (local.set $to (i32.add (local.get $to) (local.get $dstPlane)))
          (v128.store (local.get $to) (local.get $a1))
          (v128.store offset=16 (local.get $to) (local.get $b1))
          (local.set $to (i32.add (local.get $to) (local.get $dstPlane)))
          (v128.store (local.get $to) (local.get $a2))
          (v128.store offset=16 (local.get $to) (local.get $b2))
          (local.set $to (i32.add (local.get $to) (local.get $dstPlane)))
          (v128.store (local.get $to) (local.get $a3))
          (v128.store offset=16 (local.get $to) (local.get $b3))
          (local.set $to (i32.add (local.get $to) (local.get $dstPlane)))
          (br_if $nextGroup (local.tee $g (i32.sub (local.get $g) (i32.const 1)))))
        (br_if $nextPixels
          (i32.lt_u (local.tee $x (i32.add (local.get $x) (i32.const 8))) (local.get $width))))
      (local.set $src (i32.add (local.get $src) (local.get $srcRow)))
      (local.set $dst (i32.add (local.get $dst) (local.get $dstRow)))
      (br_if $nextRow (local.tee $height (i32.sub (local.get $height) (i32.const 1)))))))
