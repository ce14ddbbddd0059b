extension SparseFilter {
  /// The filter whose effective kernel at every phase is this one's turned by half a turn: its adjoint, but for borders.
  ///
  /// At a lower rate prefilter and interpolator change places: `(B S A)^T = A^T S^T B^T`, and B-splines are symmetric.
  package var transposed: SparseFilter {
    var result = self
    for l in chain.layers.indices {
      for i in chain.layers[l].taps.indices {
        result.chain.layers[l].taps[i].x = -chain.layers[l].taps[i].x
        result.chain.layers[l].taps[i].y = -chain.layers[l].taps[i].y
      }
    }
    result.chain.layers.reverse()
    result.rate = rate.map { Resampling(factor: $0.factor, prefilter: $0.interpolator, interpolator: $0.prefilter) }
    (result.kernel, result.fit) = (nil, nil)
    return result
  }
}

extension FilterBasis {
  /// The basis of the transposed filters: by scatter it is the adjoint of this one by gather, and the other way round.
  package var transposed: FilterBasis {
    let turned = filters.map { filter in
      var turned = filter.transposed
      // Interpolated layers do not commute, and scatter runs them from the last to the first as it is.
      if interpolation == .offsets { turned.chain.layers.reverse() }
      return turned
    }
    // A series' taps are turned in its table, which is what runs.
    return FilterBasis(interpolation: interpolation, axes: axes, filters: turned)
  }
}
