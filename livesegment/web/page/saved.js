// What the file says of cameras, and changes of it.

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export class Saved {
  constructor() {
    this.said = null;
  }

  // Ask what the file says now.
  async ask() {
    this.said = await (await answered(await reached("/api/settings"))).json();
    return this.said;
  }

  camera(name) {
    return this.said?.cameras.find((each) => each.name === name);
  }

  // What holds for a camera: its own value, else that of all.
  value(name, key) {
    return this.camera(name)?.own[key] ?? this.said?.shared[key] ?? null;
  }

  // Save a change; where somebody else has saved one meanwhile, that is shown from then on.
  async save(path, change) {
    try {
      const answer = await this.#post(`/cameras${path}`, { revision: this.said.revision, ...change });
      this.said = await answer.json();
    } catch (error) {
      if (error.status === 409) await this.ask();
      throw error;
    }
  }

  // Return a picture of a source; null where it is not to be shown.
  async look(camera, source) {
    const answer = await this.#post("/try", { camera, source });
    return answer.status === 204 ? null : createImageBitmap(await answer.blob());
  }

  async #post(path, body) {
    const asked = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    return answered(await reached(`/api/settings${path}`, asked));
  }
}

async function reached(path, asked) {
  try {
    return await fetch(path, asked);
  } catch {
    throw new Refused(0, "no connection to livesegment");
  }
}

async function answered(answer) {
  if (answer.status === 401) location.replace("/login");
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, said.message ?? `livesegment answered ${answer.status}`);
}
