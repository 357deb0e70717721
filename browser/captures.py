"""Small pictures, for docs/captures, of those that a tour of the browser left (cargo xtask browser).

A palette of 32 colours, scaled down, cut where a page is long: below 60 kB each. Needs Pillow.
"""

import pathlib
import re

from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCREENSHOTS = ROOT / "target/xtask/browser/screenshots"
CAPTURES = ROOT / "docs/captures"
LIMIT = 60_000


def small(source: pathlib.Path, target: pathlib.Path) -> None:
    page = Image.open(source).convert("RGB")
    scale = 0.6 if source.stem.endswith("desktop") else 0.8
    height = 2400
    while True:
        cut = page.crop((0, 0, page.width, min(page.height, height)))
        size = (round(cut.width * scale), round(cut.height * scale))
        cut = cut.resize(size, Image.Resampling.LANCZOS)
        cut.quantize(32, dither=Image.Dither.NONE).save(target, optimize=True)
        if target.stat().st_size < LIMIT:
            return
        height = round(height * 0.85)


def main() -> None:
    CAPTURES.mkdir(parents=True, exist_ok=True)
    for source in sorted([*SCREENSHOTS.glob("*-famille-*.png"), *SCREENSHOTS.glob("*-bureau-*.png")]):
        small(source, CAPTURES / re.sub(r"^\d+-", "", source.name))


if __name__ == "__main__":
    main()
