;; Turned squares of planar frames (4:2:0, BT.709, limited range) as RGB floats, four pixels at a time. Built into crop.wasm by
;; scripts/build-kernel.ts. Memory is laid out by crop.ts.
(module
  (import "env" "memory" (memory 1))

  ;; $height rows of $width means of $by × $by pixels, rounded, to $dst. $src: the first pixel, in lines of $line.
  (func (export "shrink") (param $src i32) (param $line i32) (param $width i32) (param $height i32) (param $by i32) (param $dst i32)
    (local $x i32) (local $from i32) (local $at i32) (local $across i32) (local $down i32) (local $sum i32) (local $area i32)
    (local.set $area (i32.mul (local.get $by) (local.get $by)))
    (loop $nextRow
      (local.set $from (local.get $src))
      (local.set $x (local.get $width))
      (if (i32.eq (local.get $by) (i32.const 2)) (then
        ;; eight at a time, as long as there are so many
        (block $few
          (loop $nextEight
            (br_if $few (i32.lt_s (local.get $x) (i32.const 8)))
            (i64.store (local.get $dst)
              (i64x2.extract_lane 0
                (i8x16.narrow_i16x8_u
                  (i16x8.shr_u
                    (i16x8.add
                      (i16x8.add
                        (i16x8.extadd_pairwise_i8x16_u (v128.load (local.get $from)))
                        (i16x8.extadd_pairwise_i8x16_u (v128.load (i32.add (local.get $from) (local.get $line)))))
                      (i16x8.splat (i32.const 2)))
                    (i32.const 2))
                  (v128.const i32x4 0 0 0 0))))
            (local.set $dst (i32.add (local.get $dst) (i32.const 8)))
            (local.set $from (i32.add (local.get $from) (i32.const 16)))
            (local.set $x (i32.sub (local.get $x) (i32.const 8)))
            (br $nextEight)))))
      (block $done
        (loop $nextPixel
          (br_if $done (i32.eqz (local.get $x)))
          (local.set $sum (i32.shr_u (local.get $area) (i32.const 1)))
          (local.set $down (local.get $by))
          (local.set $at (local.get $from))
          (loop $nextLine
            (local.set $across (local.get $by))
            (loop $nextTap
              (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $at))))
              (local.set $at (i32.add (local.get $at) (i32.const 1)))
              (br_if $nextTap (local.tee $across (i32.sub (local.get $across) (i32.const 1)))))
            (local.set $at (i32.add (local.get $at) (i32.sub (local.get $line) (local.get $by))))
            (br_if $nextLine (local.tee $down (i32.sub (local.get $down) (i32.const 1)))))
          (i32.store8 (local.get $dst) (i32.div_u (local.get $sum) (local.get $area)))
          (local.set $dst (i32.add (local.get $dst) (i32.const 1)))
          (local.set $from (i32.add (local.get $from) (local.get $by)))
          (local.set $x (i32.sub (local.get $x) (i32.const 1)))
          (br $nextPixel)))
      (local.set $src (i32.add (local.get $src) (i32.mul (local.get $line) (local.get $by))))
      (br_if $nextRow (local.tee $height (i32.sub (local.get $height) (i32.const 1))))))

  ;; Bilinear samples of a plane, in one function because a call takes as long as what it does. $at: addresses of the upper left pixels;
  ;; $across, $down: shares of the right and the lower ones. A pixel and its right neighbour are read together, as 2 bytes.
  (func $samples (param $at v128) (param $line i32) (param $across v128) (param $down v128) (result v128)
    (local $a i32) (local $b i32) (local $c i32) (local $d i32) (local $upper v128) (local $lower v128)
    (local $left v128) (local $above v128)
    (local.set $a (i32x4.extract_lane 0 (local.get $at)))
    (local.set $b (i32x4.extract_lane 1 (local.get $at)))
    (local.set $c (i32x4.extract_lane 2 (local.get $at)))
    (local.set $d (i32x4.extract_lane 3 (local.get $at)))
    (local.set $upper
      (v128.load16_lane 3 (local.get $d) (v128.load16_lane 2 (local.get $c) (v128.load16_lane 1 (local.get $b)
        (v128.load16_lane 0 (local.get $a) (v128.const i32x4 0 0 0 0))))))
    (local.set $lower
      (v128.load16_lane 3 (i32.add (local.get $d) (local.get $line))
        (v128.load16_lane 2 (i32.add (local.get $c) (local.get $line))
          (v128.load16_lane 1 (i32.add (local.get $b) (local.get $line))
            (v128.load16_lane 0 (i32.add (local.get $a) (local.get $line)) (v128.const i32x4 0 0 0 0))))))
    (local.set $left (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_u (v128.and (local.get $upper) (i16x8.splat (i32.const 255))))))
    (local.set $above (f32x4.add (local.get $left)
      (f32x4.mul (local.get $across)
        (f32x4.sub (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_u (i16x8.shr_u (local.get $upper) (i32.const 8))))
          (local.get $left)))))
    (local.set $left (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_u (v128.and (local.get $lower) (i16x8.splat (i32.const 255))))))
    (f32x4.add (local.get $above)
      (f32x4.mul (local.get $down)
        (f32x4.sub
          (f32x4.add (local.get $left)
            (f32x4.mul (local.get $across)
              (f32x4.sub (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_u (i16x8.shr_u (local.get $lower) (i32.const 8))))
                (local.get $left))))
          (local.get $above)))))

  (func $within (param $v v128) (param $last f32) (result v128)
    (f32x4.pmin (f32x4.pmax (local.get $v) (f32x4.splat (f32.const 0))) (f32x4.splat (local.get $last))))

  ;; Places $first, $first + $step and so on.
  (func $places (param $first f32) (param $step f32) (result v128)
    (f32x4.add (f32x4.splat (local.get $first))
      (f32x4.mul (f32x4.splat (local.get $step)) (v128.const f32x4 0 1 2 3))))

  ;; 0–255 to 0–1.
  (func $unit (param $v v128) (result v128)
    (call $within (f32x4.mul (local.get $v) (f32x4.splat (f32.const 0.00392156862745098))) (f32.const 1)))

  ;; A row of $count pixels (a multiple of 4) as RGB to $dst. For brightness (y) and colour (u) each: a plane, its line, the place of the
  ;; first sample, the step to the next, and the last place that has neighbours. $red lies $apart bytes behind $blue.
  (func (export "row")
    (param $luma i32) (param $lineY i32) (param $yx f32) (param $yy f32) (param $stepYx f32) (param $stepYy f32)
    (param $lastYx f32) (param $lastYy f32)
    (param $blue i32) (param $apart i32) (param $lineU i32) (param $ux f32) (param $uy f32) (param $stepUx f32) (param $stepUy f32)
    (param $lastUx f32) (param $lastUy f32)
    (param $count i32) (param $dst i32)
    (local $x v128) (local $y v128) (local $column v128) (local $row v128) (local $at v128)
    (local $light v128) (local $u v128) (local $v v128)
    (loop $next
      (local.set $x (call $within (call $places (local.get $yx) (local.get $stepYx)) (local.get $lastYx)))
      (local.set $y (call $within (call $places (local.get $yy) (local.get $stepYy)) (local.get $lastYy)))
      (local.set $column (i32x4.trunc_sat_f32x4_s (local.get $x)))
      (local.set $row (i32x4.trunc_sat_f32x4_s (local.get $y)))
      (local.set $light
        (f32x4.mul (f32x4.splat (f32.const 1.164384))
          (f32x4.sub
            (call $samples
              (i32x4.add (i32x4.splat (local.get $luma))
                (i32x4.add (local.get $column) (i32x4.mul (local.get $row) (i32x4.splat (local.get $lineY)))))
              (local.get $lineY)
              (f32x4.sub (local.get $x) (f32x4.convert_i32x4_s (local.get $column)))
              (f32x4.sub (local.get $y) (f32x4.convert_i32x4_s (local.get $row))))
            (f32x4.splat (f32.const 16)))))
      (local.set $x (call $within (call $places (local.get $ux) (local.get $stepUx)) (local.get $lastUx)))
      (local.set $y (call $within (call $places (local.get $uy) (local.get $stepUy)) (local.get $lastUy)))
      (local.set $column (i32x4.trunc_sat_f32x4_s (local.get $x)))
      (local.set $row (i32x4.trunc_sat_f32x4_s (local.get $y)))
      (local.set $at (i32x4.add (i32x4.splat (local.get $blue))
        (i32x4.add (local.get $column) (i32x4.mul (local.get $row) (i32x4.splat (local.get $lineU))))))
      (local.set $x (f32x4.sub (local.get $x) (f32x4.convert_i32x4_s (local.get $column))))
      (local.set $y (f32x4.sub (local.get $y) (f32x4.convert_i32x4_s (local.get $row))))
      (local.set $u (f32x4.sub
        (call $samples (local.get $at) (local.get $lineU) (local.get $x) (local.get $y)) (f32x4.splat (f32.const 128))))
      (local.set $v (f32x4.sub
        (call $samples (i32x4.add (local.get $at) (i32x4.splat (local.get $apart))) (local.get $lineU) (local.get $x) (local.get $y))
        (f32x4.splat (f32.const 128))))
      (local.set $x (call $unit (f32x4.add (local.get $light) (f32x4.mul (local.get $v) (f32x4.splat (f32.const 1.792741))))))
      (local.set $y (call $unit (f32x4.sub (local.get $light)
        (f32x4.add (f32x4.mul (local.get $u) (f32x4.splat (f32.const 0.213249)))
          (f32x4.mul (local.get $v) (f32x4.splat (f32.const 0.532909)))))))
      (local.set $u (call $unit (f32x4.add (local.get $light) (f32x4.mul (local.get $u) (f32x4.splat (f32.const 2.112402))))))
      (v128.store32_lane 0 (local.get $dst) (local.get $x))
      (v128.store32_lane offset=4 0 (local.get $dst) (local.get $y))
      (v128.store32_lane offset=8 0 (local.get $dst) (local.get $u))
      (v128.store32_lane offset=12 1 (local.get $dst) (local.get $x))
      (v128.store32_lane offset=16 1 (local.get $dst) (local.get $y))
      (v128.store32_lane offset=20 1 (local.get $dst) (local.get $u))
      (v128.store32_lane offset=24 2 (local.get $dst) (local.get $x))
      (v128.store32_lane offset=28 2 (local.get $dst) (local.get $y))
      (v128.store32_lane offset=32 2 (local.get $dst) (local.get $u))
      (v128.store32_lane offset=36 3 (local.get $dst) (local.get $x))
      (v128.store32_lane offset=40 3 (local.get $dst) (local.get $y))
      (v128.store32_lane offset=44 3 (local.get $dst) (local.get $u))
      (local.set $dst (i32.add (local.get $dst) (i32.const 48)))
      (local.set $yx (f32.add (local.get $yx) (f32.mul (local.get $stepYx) (f32.const 4))))
      (local.set $yy (f32.add (local.get $yy) (f32.mul (local.get $stepYy) (f32.const 4))))
      (local.set $ux (f32.add (local.get $ux) (f32.mul (local.get $stepUx) (f32.const 4))))
      (local.set $uy (f32.add (local.get $uy) (f32.mul (local.get $stepUy) (f32.const 4))))
      (br_if $next (i32.gt_s (local.tee $count (i32.sub (local.get $count) (i32.const 4))) (i32.const 0))))))
