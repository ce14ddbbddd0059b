/// The division of ``FewtapCore/BorderRule/normalized``.
///
/// Equation: `out = filter(image) / max(filter(ones) / sum, 1/256)`, both filtered with zero outside, `sum` the filter's own.
///
/// A constant stays constant. Pixels further inside than the reach are what every other rule gives, except where filters that
/// differ from pixel to pixel spread: there, too, the result is the mean of the light that comes, not its sum. Where less than
/// 1/256 of the weight lies on the image (or a negative share, for weights of both signs) the divisor stays at 1/256: the
/// result then fades to 0 without a jump, and division costs at most 8 of Float's 24 bits.
package enum BorderNormalization {
  package static let leastShare = 0x1p-8
}
