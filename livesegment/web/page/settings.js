// What may be saved from the page: a button for a new camera, and the settings of each.

import { AddDialog } from "./add-camera.js";
import { CameraSettings } from "./camera-settings.js";
import { button, made } from "./made.js";
import { Saved } from "./saved.js";

export class Settings {
  // `add` opens the dialog for a new camera, and `first` is shown while there is none.
  constructor(add, first, announce) {
    this.add = add;
    this.first = first;
    this.announce = announce;
    this.saved = new Saved();
    this.dialog = new AddDialog(this.saved, (name) => announce(`${name}: saved`));
    this.ofCameras = new Map();
    const open = () => this.dialog.open();
    add.addEventListener("click", open);
    first.append(
      made("h2", {}, "No cameras yet"),
      made("p", {}, "Add the first: a network camera by its address, or one that is plugged in. It is tried before it is saved."),
      button("Add the first camera", open, ""),
    );
  }

  // Show what somebody may do who may save, or nothing of it.
  show(maySave, cameras, phones) {
    const isFirst = maySave && cameras.size === 0;
    const hadFocus = this.first.contains(document.activeElement);
    this.add.hidden = !maySave || isFirst;
    this.first.hidden = !isFirst;
    if (hadFocus && !isFirst) this.add.focus();
    let isOneGone = false;
    for (const [name, settings] of this.ofCameras) {
      if (maySave && cameras.get(name) === settings.camera) continue;
      settings.remove();
      this.ofCameras.delete(name);
      isOneGone = true;
    }
    if (!maySave) return;
    // Who has removed a camera had the focus there.
    const next = isFirst ? this.first.querySelector("button") : this.add;
    if (isOneGone && document.activeElement === document.body) next.focus();
    for (const [name, camera] of cameras) {
      if (!this.ofCameras.has(name)) this.ofCameras.set(name, new CameraSettings(camera, this.saved, this.announce));
      const settings = this.ofCameras.get(name);
      settings.tellOfPhones(phones > 0);
      settings.button.setAttribute("aria-label", `Settings of ${camera.title}`);
    }
  }
}
