"use strict";
// Frames and how they are painted. The plain twin of `undelta` is `decoded` in film.py, that of the codes in groups.py.

/** The bytes of a text in base64. */
function bytesOf(text) {
  const letters = atob(text), bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes;
}

/** The bytes of a zlib stream. */
async function inflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Frames of `size` bytes from their differences, in place. */
function undelta(bytes, size) {
  for (let i = size; i < bytes.length; i++) bytes[i] ^= bytes[i - size];
  return bytes;
}

/** All frames of a film, one after the other. */
const framesOf = async (text, size) => undelta(await inflated(bytesOf(text)), size);

/** [red, green, blue] of "#rrggbb". */
const rgb = (color) => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));

const mix = (a, b, share) => a.map((value, i) => value + (b[i] - value) * share);

/** The pixels of a site for each of the 64 codes: `side`² colors as a canvas stores them. */
function tilesOf(colors, side) {
  const base = [colors.empty, colors.tumor, colors.dead, colors.host].map(rgb);
  const vessel = rgb(colors.vessel), white = [255, 255, 255], dark = rgb(colors.dead);
  const discs = [null, rgb(colors.attack), rgb(colors.restrain), rgb(colors.tumor)];
  const middle = (side - 1) / 2, radius = side * 0.5;
  return Array.from({ length: 64 }, (_, code) => {
    const tile = new Uint32Array(side * side);
    const tube = (code >> 2) & 3, disc = discs[code >> 4];
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const cell = base[code & 3];
        const seam = side > 5 && (code & 3) > 0 && (x === side - 1 || y === side - 1);
        let color = seam ? mix(cell, white, 0.35) : cell;
        const away = Math.max(Math.abs(x - middle), Math.abs(y - middle)) / (side / 2);
        if (tube && away < 0.6) color = tube === 2 || away > 0.3 ? vessel : white;
        if (disc) {
          const distance = Math.hypot(x - middle, y - middle);
          const rim = side > 7 ? 1 : 0; // where there is room for it: dark around tumor cells, which are few, else white
          if (rim) color = mix(color, code >> 4 === 3 ? dark : white, Math.min(1, Math.max(0, radius + 0.5 - distance)));
          color = mix(color, disc, Math.min(1, Math.max(0, radius + 0.5 - rim - distance)));
        }
        const [r, g, b] = color.map(Math.round);
        tile[y * side + x] = (255 << 24) | (b << 16) | (g << 8) | r;
      }
    }
    return tile;
  });
}

/** A canvas that shows frames; only sites that changed are painted anew. */
class Screen {
  constructor(canvas, [ny, nx], colors) {
    this.nx = nx;
    const wide = canvas.clientWidth * (window.devicePixelRatio || 1); // more pixels would only be shrunk again
    this.side = Math.max(4, Math.min(14, Math.ceil(wide / nx)));
    this.tiles = tilesOf(colors, this.side);
    canvas.width = nx * this.side;
    canvas.height = ny * this.side;
    this.context = canvas.getContext("2d", { alpha: false });
    this.image = this.context.createImageData(canvas.width, canvas.height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.before = new Uint8Array(nx * ny).fill(255);
    this.shown = 0;
  }

  show(frame) {
    const { nx, side, before, pixels, tiles } = this, wide = nx * side;
    for (let site = 0; site < frame.length; site++) {
      const code = frame[site];
      if (code === before[site]) continue;
      before[site] = code;
      const tile = tiles[code & 63];
      let at = Math.floor(site / nx) * side * wide + (site % nx) * side;
      for (let y = 0, from = 0; y < side; y++, at += wide, from += side) {
        for (let x = 0; x < side; x++) pixels[at + x] = tile[from + x];
      }
    }
    this.context.putImageData(this.image, 0, 0);
    this.shown++;
  }
}
