"""Small pictures, for docs/captures, of those that a tour of the browser left (cargo xtask browser).

A palette of 32 colours, scaled down, cut where a page is long: below 40 kB each. Needs Pillow. Ends with 1 where
docs/captures/README.md names a picture that is none, or none of one that is.
"""

import pathlib
import re
import sys

from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCREENSHOTS = ROOT / "target/xtask/browser/screenshots"
CAPTURES = ROOT / "docs/captures"
LIMIT = 40_000
# pages of the browser's own trials, not of the site
NOT_SHOWN = {"320-sans-script.png"}


def small(source: pathlib.Path, target: pathlib.Path) -> None:
    page = Image.open(source).convert("RGB")
    scale = 0.45 if source.stem.endswith("desktop") else 0.6
    height = 2200
    while True:
        cut = page.crop((0, 0, page.width, min(page.height, height)))
        size = (round(cut.width * scale), round(cut.height * scale))
        cut = cut.resize(size, Image.Resampling.LANCZOS)
        # of Pillow's methods the one that keeps the few colours of a page apart
        cut.quantize(32, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(target, optimize=True)
        if target.stat().st_size < LIMIT:
            return
        height = round(height * 0.85)


def main() -> int:
    CAPTURES.mkdir(parents=True, exist_ok=True)
    for earlier in CAPTURES.glob("*.png"):
        earlier.unlink()
    for source in sorted(SCREENSHOTS.glob("*.png")):
        if source.name not in NOT_SHOWN:
            small(source, CAPTURES / re.sub(r"^\d+-", "", source.name))
    named = set(re.findall(r"\(([\w-]+\.png)\)", (CAPTURES / "README.md").read_text(encoding="utf-8")))
    there = {picture.name for picture in CAPTURES.glob("*.png")}
    for name in sorted(named ^ there):
        print(f"{name}: {'not taken' if name in named else 'not in README.md'}")
    return 1 if named != there else 0


if __name__ == "__main__":
    sys.exit(main())
