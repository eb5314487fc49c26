import { useId, useState } from 'react';
import { countPicture } from './bus';
import { otherIndex, pictures } from './pictures';
import './content.css';

export default function Content() {
  // The first one is always the same, since it is in the prerendered HTML.
  const [index, setIndex] = useState(0);
  const [clicks, setClicks] = useState(0);
  const titleId = useId();
  const picture = pictures[index];

  function showAnother() {
    setIndex(otherIndex(pictures.length, index));
    setClicks(clicks + 1);
    countPicture();
  }

  return (
    <section className="home-content" data-testid="content" aria-labelledby={titleId}>
      <h2 className="home-content__title" id={titleId}>
        Picture of the moment
      </h2>
      <figure className="home-content__figure">
        <img
          className="home-content__picture"
          data-testid="picture"
          src={picture.url}
          alt={picture.title}
          width="960"
          height="600"
        />
        <figcaption className="home-content__caption" aria-live="polite">
          {picture.title}
        </figcaption>
      </figure>
      <div className="home-content__controls">
        <button className="home-content__button" type="button" onClick={showAnother}>
          Get Another Image
        </button>
        <span className="home-content__clicks" data-testid="clicks">
          {`Clicks: ${clicks}`}
        </span>
      </div>
    </section>
  );
}
