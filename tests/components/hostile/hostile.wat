;; A converter that lies to the host. No compiler would make it: its results are
;; written by hand into the places where the component model looks for them.
;;
;; A frame's first letter says what it does:
;;   g  a list of a billion entities, in a memory of 2 MiB
;;   o  10 000 entities whose names are all the same MiB: 10 GB
;;   s  an error text of 1 GiB
;;   u  an error text that is not UTF-8
;;   m  a list at an odd address
;;   d  a result that is neither ok nor error
;;   l  a million lines for the log
;;   L  a line of 1.5 MiB for the log
;;   M  all the memory there is, piece by piece
;;   T  all the table there is, piece by piece
;;   k  nothing: an empty list
(module
  (import "tb:converter/logging@0.1.0" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 32)
  (table $table 1 funcref)

  ;; Frames are put here.
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    i32.const 2000000)

  ;; The result's place is 16: a byte that tells ok from error, then at 20 the
  ;; address and at 24 the length of the list or text.
  (func $result (param $which i32) (param $address i32) (param $length i32) (result i32)
    (i32.store8 (i32.const 16) (local.get $which))
    (i32.store (i32.const 20) (local.get $address))
    (i32.store (i32.const 24) (local.get $length))
    i32.const 16)

  ;; Entities are records of 72 bytes; the name's address is at 4, its length
  ;; at 8. All else is zero: a device without data.
  (func $same_names (param $count i32)
    (local $at i32)
    (local.set $at (i32.const 1024))
    (loop $next
      (i32.store offset=4 (local.get $at) (i32.const 800000))
      (i32.store offset=8 (local.get $at) (i32.const 1048576))
      (local.set $at (i32.add (local.get $at) (i32.const 72)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br_if $next (local.get $count))))

  (func $is (param $frame i32) (param $letter i32) (result i32)
    (i32.eq (i32.load8_u (local.get $frame)) (local.get $letter)))

  (func (export "tb:converter/uplink@0.1.0#decode") (param $frame i32) (param i32) (result i32)
    (local $count i32)
    ;; Letters for names and lines.
    (memory.fill (i32.const 800000) (i32.const 97) (i32.const 1190000))
    (if (call $is (local.get $frame) (i32.const 0x67))
      (then (return (call $result (i32.const 0) (i32.const 1024) (i32.const 1000000000)))))
    (if (call $is (local.get $frame) (i32.const 0x6f))
      (then
        (call $same_names (i32.const 10000))
        (return (call $result (i32.const 0) (i32.const 1024) (i32.const 10000)))))
    (if (call $is (local.get $frame) (i32.const 0x73))
      (then (return (call $result (i32.const 1) (i32.const 0) (i32.const 0x40000000)))))
    (if (call $is (local.get $frame) (i32.const 0x75))
      (then
        (i32.store (i32.const 64) (i32.const 0xfffefdfc))
        (return (call $result (i32.const 1) (i32.const 64) (i32.const 4)))))
    (if (call $is (local.get $frame) (i32.const 0x6d))
      (then (return (call $result (i32.const 0) (i32.const 1025) (i32.const 1)))))
    (if (call $is (local.get $frame) (i32.const 0x64))
      (then (return (call $result (i32.const 7) (i32.const 0) (i32.const 0)))))
    (if (call $is (local.get $frame) (i32.const 0x6c))
      (then
        (local.set $count (i32.const 1000000))
        (loop $again
          (call $log (i32.const 2) (i32.const 800000) (i32.const 16))
          (local.set $count (i32.sub (local.get $count) (i32.const 1)))
          (br_if $again (local.get $count)))))
    (if (call $is (local.get $frame) (i32.const 0x4c))
      (then (call $log (i32.const 2) (i32.const 300000) (i32.const 1572864))))
    (if (call $is (local.get $frame) (i32.const 0x4d))
      (then (loop $again (drop (memory.grow (i32.const 1))) (br $again))))
    (if (call $is (local.get $frame) (i32.const 0x54))
      (then
        (loop $again
          (br_if $again
            (i32.ge_s (table.grow $table (ref.null func) (i32.const 1000)) (i32.const 0))))
        (unreachable)))
    (call $result (i32.const 0) (i32.const 1024) (i32.const 0))))
