import Attribution
import Figures
import Tensors

/// Maps and attributions as pictures.
enum AttributionMaps {
  /// A map `[1, height, width]` in colours.
  static func picture(_ map: Tensor, _ scale: ColorScale) -> PixelImage {
    PixelImage(
      width: map.shape[2], height: map.shape[1], values: map.floats, colors: scale.colors,
      range: scale.range)
  }

  /// A signed attribution `[1, height, width, channels]` around middle grey, where it is zero; its colours are the
  /// channels' own.
  static func around(grey attribution: Tensor) -> PixelImage {
    let end = ColorScale(.diverging, covering: attribution.floats).range.upperBound
    return PixelImage(
      width: attribution.shape[2], height: attribution.shape[1], channels: attribution.shape[3],
      values: attribution.floats.map { 0.5 + 0.5 * $0 / end })
  }

  /// A map in the size of a picture, and the same laid over it.
  ///
  /// - Parameters:
  ///   - map: `[1, height, width]`, of the picture's size or coarser.
  ///   - picture: the image.
  ///   - scale: how values become colours.
  static func beside(
    _ map: Tensor, _ picture: PixelImage, _ scale: ColorScale
  ) -> (map: PixelImage, overlay: PixelImage) {
    let colors = self.picture(
      resized(map, height: picture.height, width: picture.width), scale)
    return (colors, picture.overlaid(with: colors))
  }
}
