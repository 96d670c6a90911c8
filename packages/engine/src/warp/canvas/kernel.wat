;; Bicubic sampling of one 8-bit plane, four pixels at a time. Built into kernel.wasm by scripts/build-kernel.ts.
;;
;; Memory, laid out by kernel.ts: at 0 a table of 256 phases × 4 weights (i16, sum 16384), then planes and maps.
;; Source planes are doubled (doubled.ts): pixel (x, y) of the picture is their sample (2x, 2y). Places are in pixels of the picture,
;; fixed point: 8 bits of fraction in maps, 16 in grids. A source plane has at least two more samples on every side than `maxX`,
;; `maxY` (its last place, × 256) say, because four by four are read around each place. A place without fraction gives back exactly
;; its pixel.
(module
  (import "env" "memory" (memory 1))

  ;; Weighs the four columns around one place: rows 0–3 from $a on, row weights at $w. Result: 4 × i32, value × 64.
  (func $columns (param $a i32) (param $stride i32) (param $w i32) (result v128)
    (local $a2 i32)
    (local.set $a2 (i32.add (local.get $a) (i32.shl (local.get $stride) (i32.const 1))))
    (i32x4.shr_s
      (i32x4.add
        (i32x4.dot_i16x8_s
          (i16x8.extend_low_i8x16_u
            (i8x16.shuffle 0 16 1 17 2 18 3 19 0 0 0 0 0 0 0 0
              (v128.load32_zero (local.get $a))
              (v128.load32_zero (i32.add (local.get $a) (local.get $stride)))))
          (v128.load32_splat (local.get $w)))
        (i32x4.dot_i16x8_s
          (i16x8.extend_low_i8x16_u
            (i8x16.shuffle 0 16 1 17 2 18 3 19 0 0 0 0 0 0 0 0
              (v128.load32_zero (local.get $a2))
              (v128.load32_zero (i32.add (local.get $a2) (local.get $stride)))))
          (v128.load32_splat offset=4 (local.get $w))))
      (i32.const 8)))

  ;; Four pixels at places ($x, $y), 4 × i32 with 8 bits of fraction, written to $dst.
  (func $quad (param $x v128) (param $y v128) (param $src i32) (param $stride i32) (param $dst i32)
    (local $address v128) (local $wx v128) (local $wy v128) (local $left v128) (local $right v128)
    (local.set $address
      (i32x4.add
        (i32x4.add
          (i32x4.mul (i32x4.shr_s (local.get $y) (i32.const 8)) (i32x4.splat (local.get $stride)))
          (i32x4.shr_s (local.get $x) (i32.const 8)))
        (i32x4.splat (i32.sub (i32.sub (local.get $src) (local.get $stride)) (i32.const 1)))))
    (local.set $wx (i32x4.shl (v128.and (local.get $x) (v128.const i32x4 255 255 255 255)) (i32.const 3)))
    (local.set $wy (i32x4.shl (v128.and (local.get $y) (v128.const i32x4 255 255 255 255)) (i32.const 3)))
    (local.set $left
      (i32x4.dot_i16x8_s
        (i16x8.narrow_i32x4_s
          (call $columns (i32x4.extract_lane 0 (local.get $address)) (local.get $stride) (i32x4.extract_lane 0 (local.get $wy)))
          (call $columns (i32x4.extract_lane 1 (local.get $address)) (local.get $stride) (i32x4.extract_lane 1 (local.get $wy))))
        (v128.load64_lane 1 (i32x4.extract_lane 1 (local.get $wx))
          (v128.load64_zero (i32x4.extract_lane 0 (local.get $wx))))))
    (local.set $right
      (i32x4.dot_i16x8_s
        (i16x8.narrow_i32x4_s
          (call $columns (i32x4.extract_lane 2 (local.get $address)) (local.get $stride) (i32x4.extract_lane 2 (local.get $wy)))
          (call $columns (i32x4.extract_lane 3 (local.get $address)) (local.get $stride) (i32x4.extract_lane 3 (local.get $wy))))
        (v128.load64_lane 1 (i32x4.extract_lane 3 (local.get $wx))
          (v128.load64_zero (i32x4.extract_lane 2 (local.get $wx))))))
    ;; 532480 = half of 2^20 for rounding, and 8192 for what the shift in $columns cut off on average
    (local.set $left
      (i32x4.shr_s
        (i32x4.add
          (i32x4.add
            (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27 (local.get $left) (local.get $right))
            (i8x16.shuffle 4 5 6 7 12 13 14 15 20 21 22 23 28 29 30 31 (local.get $left) (local.get $right)))
          (v128.const i32x4 532480 532480 532480 532480))
        (i32.const 20)))
    (local.set $left (i16x8.narrow_i32x4_s (local.get $left) (local.get $left)))
    (v128.store32_lane 0 (local.get $dst) (i8x16.narrow_i16x8_u (local.get $left) (local.get $left))))

  (func $clamp (param $v v128) (param $max v128) (result v128)
    (i32x4.max_s (v128.const i32x4 0 0 0 0) (i32x4.min_s (local.get $v) (local.get $max))))

  ;; One row of $w pixels (a multiple of 4) at the places in $mapX and $mapY (i32, 8 bits of fraction), $h rows of it.
  (func (export "map") (param $src i32) (param $stride i32) (param $maxX i32) (param $maxY i32)
    (param $dst i32) (param $w i32) (param $h i32) (param $mapX i32) (param $mapY i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $dst) (i32.mul (local.get $w) (local.get $h))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $dst) (local.get $end)))
        (call $quad
          (call $clamp (i32x4.shl (v128.load (local.get $mapX)) (i32.const 1)) (i32x4.splat (local.get $maxX)))
          (call $clamp (i32x4.shl (v128.load (local.get $mapY)) (i32.const 1)) (i32x4.splat (local.get $maxY)))
          (local.get $src) (local.get $stride) (local.get $dst))
        (local.set $mapX (i32.add (local.get $mapX) (i32.const 16)))
        (local.set $mapY (i32.add (local.get $mapY) (i32.const 16)))
        (local.set $dst (i32.add (local.get $dst) (i32.const 4)))
        (br $next))))

  ;; Every cell of 2^$bits pixels a side whose corners do not all stand still. $grid: ($cols + 1) × ($rows + 1) pairs (dx, dy),
  ;; i32 with 16 bits of fraction, the place to sample less the place itself, in pixels × 2^$halve (1 for half-size planes).
  (func (export "cells") (param $src i32) (param $stride i32) (param $maxX i32) (param $maxY i32)
    (param $dst i32) (param $dstStride i32) (param $grid i32) (param $cols i32) (param $rows i32) (param $bits i32) (param $halve i32)
    (local $cx i32) (local $cy i32) (local $below i32) (local $j i32) (local $i i32) (local $side i32) (local $out i32)
    (local $top v128) (local $bottom v128) (local $edge v128) (local $x v128) (local $y v128) (local $stepX v128) (local $stepY v128)
    (local $sx i32) (local $sy i32)
    (local.set $side (i32.shl (i32.const 1) (local.get $bits)))
    (loop $nextRow
      (local.set $cx (i32.const 0))
      (loop $nextCell
        (local.set $below (i32.add (local.get $grid) (i32.shl (i32.add (local.get $cols) (i32.const 1)) (i32.const 3))))
        ;; (dx, dy) of the left corner, then of the right one
        (local.set $top (v128.load (local.get $grid)))
        (local.set $bottom (v128.load (local.get $below)))
        (if (v128.any_true (v128.or (local.get $top) (local.get $bottom)))
          (then
            (local.set $top (i32x4.shr_s (local.get $top) (local.get $halve)))
            (local.set $bottom (i32x4.shr_s (local.get $bottom) (local.get $halve)))
            (local.set $j (i32.const 0))
            (loop $nextLine
              (local.set $edge
                (i32x4.add (local.get $top)
                  (i32x4.shr_s
                    (i32x4.mul (i32x4.sub (local.get $bottom) (local.get $top)) (i32x4.splat (local.get $j)))
                    (local.get $bits))))
              (local.set $sx
                (i32.shr_s (i32.sub (i32x4.extract_lane 2 (local.get $edge)) (i32x4.extract_lane 0 (local.get $edge))) (local.get $bits)))
              (local.set $sy
                (i32.shr_s (i32.sub (i32x4.extract_lane 3 (local.get $edge)) (i32x4.extract_lane 1 (local.get $edge))) (local.get $bits)))
              ;; 64 = half of 2^7: places are rounded to 8 bits of fraction of the doubled plane
              (local.set $x
                (i32x4.add
                  (i32x4.splat
                    (i32.add
                      (i32.add (i32x4.extract_lane 0 (local.get $edge)) (i32.const 64))
                      (i32.shl (i32.shl (local.get $cx) (local.get $bits)) (i32.const 16))))
                  (i32x4.mul (i32x4.splat (i32.add (local.get $sx) (i32.const 65536))) (v128.const i32x4 0 1 2 3))))
              (local.set $y
                (i32x4.add
                  (i32x4.splat
                    (i32.add
                      (i32.add (i32x4.extract_lane 1 (local.get $edge)) (i32.const 64))
                      (i32.shl (i32.add (i32.shl (local.get $cy) (local.get $bits)) (local.get $j)) (i32.const 16))))
                  (i32x4.mul (i32x4.splat (local.get $sy)) (v128.const i32x4 0 1 2 3))))
              (local.set $stepX (i32x4.splat (i32.shl (i32.add (local.get $sx) (i32.const 65536)) (i32.const 2))))
              (local.set $stepY (i32x4.splat (i32.shl (local.get $sy) (i32.const 2))))
              (local.set $out
                (i32.add (local.get $dst)
                  (i32.add
                    (i32.shl (local.get $cx) (local.get $bits))
                    (i32.mul (i32.add (i32.shl (local.get $cy) (local.get $bits)) (local.get $j)) (local.get $dstStride)))))
              (local.set $i (i32.const 0))
              (loop $nextQuad
                (call $quad
                  (call $clamp (i32x4.shr_s (local.get $x) (i32.const 7)) (i32x4.splat (local.get $maxX)))
                  (call $clamp (i32x4.shr_s (local.get $y) (i32.const 7)) (i32x4.splat (local.get $maxY)))
                  (local.get $src) (local.get $stride) (i32.add (local.get $out) (local.get $i)))
                (local.set $x (i32x4.add (local.get $x) (local.get $stepX)))
                (local.set $y (i32x4.add (local.get $y) (local.get $stepY)))
                (br_if $nextQuad
                  (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (local.get $side))))
              (br_if $nextLine
                (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get $side))))))
        (local.set $grid (i32.add (local.get $grid) (i32.const 8)))
        (br_if $nextCell (i32.lt_u (local.tee $cx (i32.add (local.get $cx) (i32.const 1))) (local.get $cols))))
      ;; the last node of a row of nodes starts no cell
      (local.set $grid (i32.add (local.get $grid) (i32.const 8)))
      (br_if $nextRow (i32.lt_u (local.tee $cy (i32.add (local.get $cy) (i32.const 1))) (local.get $rows)))))
)
