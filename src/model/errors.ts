import type { Obstacle } from "../protocol/obstacles.ts";

/** A model file that cannot be used as it is: `message` says what is wrong, `where` the place, `hint` the next step. */
export class ModelError extends Error {
  override readonly name: string = "ModelError";
  constructor(
    message: string,
    readonly where?: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

/** Data (a picture, an array, a recipe) that does not fit the model. */
export class DataError extends Error {
  override readonly name: string = "DataError";
  constructor(
    message: string,
    readonly where?: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

/** An operator that cannot be differentiated. */
export class NoGradientError extends Error {
  override readonly name: string = "NoGradientError";
  readonly obstacles: readonly Obstacle[] = ["gradient"];
  constructor(
    readonly operator: string,
    readonly node: string,
    reason = "there is no gradient rule for it",
  ) {
    super(`Cannot differentiate through ${operator} at node "${node}": ${reason}.`);
  }
}

/** A target, layer or option that does not exist in this model. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
  constructor(
    message: string,
    readonly where?: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

/** A method that this model and input rule out, where others still work. */
export class RuledOutError extends UsageError {
  constructor(
    message: string,
    where: string | undefined,
    readonly obstacles: readonly Obstacle[],
    hint?: string,
  ) {
    super(message, where, hint);
  }
}

/** Numbers that are NaN or infinite, where finite ones were needed. */
export class NotFiniteError extends UsageError {
  /** The same, with where it began and what to do about that. */
  at(place: string, hint = this.hint): NotFiniteError {
    return new NotFiniteError(`${this.message} ${place}`, this.where, hint);
  }
}

/** A run that would take more memory than it may. */
export class TooLargeError extends UsageError {}
