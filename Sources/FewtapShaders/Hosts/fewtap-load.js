// Fetches what `fewtap export` wrote, for FewtapFilter of fewtap-webgl2.js or fewtap-webgpu.js beside it.
//
//   const exported = await loadExport("filters/heart");

/** Gives { program, files }: passes.json as an object, and by name the text or the floats of each file that it tells of. */
export async function loadExport(folder) {
  const program = await (await fetched(folder, "passes.json")).json();
  const names = [...program.textures, ...program.passes, program.fullscreen ?? {}].map((part) => part.file);
  const files = {};
  for (const name of new Set(names.filter((name) => name))) {
    const response = fetched(folder, name);
    files[name] = name.endsWith(".f32")
      ? response.then(async (response) => new Float32Array(await response.arrayBuffer()))
      : response.then((response) => response.text());
  }
  // All are on their way by now.
  const entries = Object.entries(files).map(async ([name, content]) => [name, await content]);
  return { program, files: Object.fromEntries(await Promise.all(entries)) };
}

async function fetched(folder, name) {
  const address = `${folder.replace(/\/$/, "")}/${name}`;
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status} ${response.statusText}: is it what fewtap export wrote?`);
  return response;
}
