import Foundation

/// Files that the Python package safetensors 0.8.0 made:
///
/// ```python
/// import base64, numpy as np
/// from safetensors.numpy import save
/// def show(file): print(base64.b64encode(file).decode())
/// show(save({"b": np.array([1.5, -0.0, np.inf], dtype=np.float32),
///            "a": np.array([[0.1, -2.5]], dtype=np.float64),
///            "é\n\"x\\/": np.zeros((0, 3), dtype=np.float32),
///            "labels": np.array([3, -1, 2147483647], dtype=np.int32),
///            "scalar": np.array(7, dtype=np.float32)}, metadata={"format": "pt"}))
/// show(save({}))
/// show(save({"f16": np.array([0x0001, 0x03ff, 0x0400, 0x3c00, 0x7bff, 0x7c00, 0xfc00, 0x8000, 0x7e01,
///                             0xfd55], dtype=np.uint16).view(np.float16),
///            "i64": np.array([2147483647, -2147483648, 0], dtype=np.int64),
///            "u8": np.array([0, 255], dtype=np.uint8), "i8": np.array([-128, 127], dtype=np.int8),
///            "i16": np.array([-32768, 32767], dtype=np.int16),
///            "u16": np.array([0, 65535], dtype=np.uint16), "bool": np.array([True, False])}))
/// ```
enum ReferenceFiles {
  static let mixed = decode(
    """
    SAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJhIjp7ImR0eXBlIjoiRjY0Iiwic2hhcGUiOlsx
    LDJdLCJkYXRhX29mZnNldHMiOlswLDE2XX0sImIiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzNdLCJkYXRhX29mZnNl
    dHMiOlsxNiwyOF19LCJzY2FsYXIiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6W10sImRhdGFfb2Zmc2V0cyI6WzI4LDMy
    XX0sIsOpXG5cInhcXC8iOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzAsM10sImRhdGFfb2Zmc2V0cyI6WzMyLDMyXX0s
    ImxhYmVscyI6eyJkdHlwZSI6IkkzMiIsInNoYXBlIjpbM10sImRhdGFfb2Zmc2V0cyI6WzMyLDQ0XX19mpmZmZmZuT8A
    AAAAAAAEwAAAwD8AAACAAACAfwAA4EADAAAA/////////38=
    """)

  static let empty = decode("CAAAAAAAAAB7fSAgICAgIA==")

  static let narrow = decode(
    """
    kAEAAAAAAAB7Imk2NCI6eyJkdHlwZSI6Ikk2NCIsInNoYXBlIjpbM10sImRhdGFfb2Zmc2V0cyI6WzAsMjRdfSwiZjE2
    Ijp7ImR0eXBlIjoiRjE2Iiwic2hhcGUiOlsxMF0sImRhdGFfb2Zmc2V0cyI6WzI0LDQ0XX0sInUxNiI6eyJkdHlwZSI6
    IlUxNiIsInNoYXBlIjpbMl0sImRhdGFfb2Zmc2V0cyI6WzQ0LDQ4XX0sImkxNiI6eyJkdHlwZSI6IkkxNiIsInNoYXBl
    IjpbMl0sImRhdGFfb2Zmc2V0cyI6WzQ4LDUyXX0sImk4Ijp7ImR0eXBlIjoiSTgiLCJzaGFwZSI6WzJdLCJkYXRhX29m
    ZnNldHMiOls1Miw1NF19LCJ1OCI6eyJkdHlwZSI6IlU4Iiwic2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRzIjpbNTQsNTZd
    fSwiYm9vbCI6eyJkdHlwZSI6IkJPT0wiLCJzaGFwZSI6WzJdLCJkYXRhX29mZnNldHMiOls1Niw1OF19fSAg////fwAA
    AAAAAACA/////wAAAAAAAAAAAQD/AwAEADz/ewB8APwAgAF+Vf0AAP//AID/f4B/AP8BAA==
    """)

  private static func decode(_ text: String) -> [UInt8] {
    Array(Data(base64Encoded: text, options: .ignoreUnknownCharacters) ?? Data())
  }
}
