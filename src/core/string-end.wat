;; Finds where a JSON string ends, sixteen bytes at a time. `string-end.ts` calls it and says why it is here;
;; `npm run check -- --accept` makes `string-end.wasm.ts` of it.
(module
  ;; One page of 64 KiB, into which texts are copied piece by piece.
  (memory (export "memory") 1)

  ;; The first quote in $at..$end that an even number of backslashes stands before. Blocks may reach over the end, so what is
  ;; found there (a quote of an older text, or $end and more when there is none) is for the caller to see through. Backslashes are
  ;; counted back beyond $at: the caller leaves a byte there that is none.
  (func (export "stringEnd") (param $at i32) (param $end i32) (result i32)
    (local $quotes i32)
    (local $quote i32)
    (local $from i32)
    (loop $blocks
      ;; A bit for each byte of the block that is a quote, the first byte's lowest.
      (local.set $quotes
        (i8x16.bitmask (i8x16.eq (v128.load (local.get $at)) (i8x16.splat (i32.const 0x22)))))
      (block $noneLeft
        (loop $eachQuote
          (br_if $noneLeft (i32.eqz (local.get $quotes)))
          (local.set $quote (i32.add (local.get $at) (i32.ctz (local.get $quotes))))
          ;; $from goes back to the first of the backslashes before the quote.
          (local.set $from (local.get $quote))
          (block $counted
            (loop $back
              (br_if $counted
                (i32.ne (i32.load8_u (i32.sub (local.get $from) (i32.const 1))) (i32.const 0x5c)))
              (local.set $from (i32.sub (local.get $from) (i32.const 1)))
              (br $back)))
          (if (i32.eqz (i32.and (i32.sub (local.get $quote) (local.get $from)) (i32.const 1)))
            (then (return (local.get $quote))))
          ;; Takes the lowest bit away.
          (local.set $quotes (i32.and (local.get $quotes) (i32.sub (local.get $quotes) (i32.const 1))))
          (br $eachQuote)))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $blocks (i32.lt_u (local.get $at) (local.get $end))))
    (local.get $end)))
